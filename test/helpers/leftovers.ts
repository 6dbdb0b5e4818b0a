import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';

/**
 * What rooms leave behind when something is wrong. Other tests make rooms at the same time, so everything is found by what
 * belongs to one embedding process alone: its descendants, its cgroups (`anchor-<pid>-…`), their namespaces, and loop
 * devices on a plank that only this test uses.
 */
export interface Belongings {
  readonly pid: number;
  /** Path of a plank that nobody else uses. */
  readonly plank: string;
  /** Descendants by `pid@start`, which no later process has; the value says what it is. */
  readonly processes: ReadonlyMap<string, string>;
  /** Of descendants and threads, but for those that this process lives in itself. */
  readonly namespaces: ReadonlySet<string>;
  readonly cgroups: readonly string[];
  readonly loops: readonly string[];
}

const kinds = ['mnt', 'pid', 'net', 'user', 'ipc', 'uts', 'cgroup'];

/** Everything that a process with rooms has at this moment. */
export function belongingsOf(pid: number, plank: string): Belongings {
  const processes = descendantsOf(pid);
  const pids = [pid, ...[...processes.keys()].map((key) => Number.parseInt(key, 10))];
  const here = new Set(namespacesOf('/proc/self'));
  const namespaces = pids.flatMap((each) => tasksOf(each)).flatMap((task) => namespacesOf(task));
  return {
    pid,
    plank,
    processes,
    namespaces: new Set(namespaces.filter((name) => !here.has(name))),
    cgroups: cgroupsOf(pid),
    loops: loopsOn(plank),
  };
}

/** What is still there of it, one line for each thing. */
export function remainsOf(belongings: Belongings): string[] {
  const { pid, plank, processes, namespaces } = belongings;
  const tasks = list('/proc').filter(isNumber);
  const remains: string[] = [];
  for (const [key, what] of processes) {
    const found = readProcess(Number.parseInt(key, 10));
    if (found?.key === key) remains.push(`process ${key} ${what} (state ${found.state})`);
  }
  for (const each of tasks) {
    const inCgroup = read(`/proc/${each}/cgroup`).includes(`/anchor-${pid}-`);
    if (inCgroup && Number(each) !== pid) remains.push(`process ${each} in a cgroup of ${pid}`);
    for (const task of tasksOf(Number(each)))
      for (const name of namespacesOf(task)) if (namespaces.has(name)) remains.push(`${task} in ${name}`);
  }
  for (const cgroup of cgroupsOf(pid)) remains.push(`cgroup ${cgroup}`);
  for (const loop of loopsOn(plank)) remains.push(`loop device ${loop}`, ...mountsOf(loop, tasks));
  return remains;
}

/** What this process holds open and runs. */
export interface Standing {
  readonly descriptors: readonly string[];
  readonly threads: number;
  readonly children: readonly string[];
}

/** To be taken before an Anchor is opened. */
export async function standing(): Promise<Standing> {
  // libuv starts its threads with the first work that they get.
  await Promise.all(Array.from({ length: 16 }, () => stat('/')));
  return standingNow();
}

/**
 * Waits until this process is as it was `before` and nothing of its rooms is left on the host. Closing a stream takes Node
 * a turn or two, hence the waiting; what is really left stays for ever, and fails the test.
 */
export async function assertNothingLeft(t: ExecutionContext, before: Standing, plank: string): Promise<void> {
  const remains = (): string[] => [
    ...changes(before, standingNow()),
    ...remainsOf({
      pid: process.pid,
      plank,
      processes: new Map(),
      namespaces: new Set(),
      cgroups: [],
      loops: [],
    }),
  ];
  t.deepEqual(await settled(remains), []);
}

/** Asks until there is nothing, or for half a minute: long enough for any machine, and not for ever. */
export async function settled(remains: () => string[]): Promise<string[]> {
  for (const end = Date.now() + 30_000; ;) {
    const left = remains();
    if (left.length === 0 || Date.now() > end) return left;
    await sleep(20);
  }
}

function standingNow(): Standing {
  const descriptors = list('/proc/self/fd').flatMap((fd) => {
    const target = linkOf(`/proc/self/fd/${fd}`);
    // The directory that is being read is one of them.
    return target === '' || target.endsWith('/fd') ? [] : [target.replace(/:\[\d+\]$/, '')];
  });
  return {
    descriptors: descriptors.sort(),
    threads: list('/proc/self/task').length,
    children: [...descendantsOf(process.pid)].map(([key, what]) => `${key} ${what}`),
  };
}

function changes(before: Standing, after: Standing): string[] {
  const changed: string[] = [];
  for (const what of new Set([...before.descriptors, ...after.descriptors])) {
    const [old, now] = [before, after].map(
      ({ descriptors }) => descriptors.filter((each) => each === what).length,
    );
    if (old !== now) changed.push(`${String(old)} descriptors were ${what}, now ${String(now)} are`);
  }
  if (before.threads !== after.threads) changed.push(`${before.threads} threads, now ${after.threads}`);
  const children = after.children.filter((child) => !before.children.includes(child));
  return [...changed, ...children.map((child) => `child ${child}`)];
}

interface ProcessFacts {
  readonly key: string;
  readonly parent: number;
  readonly name: string;
  readonly state: string;
}

function readProcess(pid: number): ProcessFacts | null {
  // proc_pid_stat(5): the name stands in parentheses and may hold anything; start time is field 22.
  const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(read(`/proc/${pid}/stat`)) ?? [];
  if (name === undefined || rest === undefined) return null;
  const fields = rest.split(' ');
  return { key: `${pid}@${fields[19] ?? ''}`, parent: Number(fields[1]), name, state: fields[0] ?? '' };
}

function descendantsOf(pid: number): Map<string, string> {
  const all = list('/proc')
    .filter(isNumber)
    .flatMap((each) => readProcess(Number(each)) ?? []);
  const found = new Map<string, string>();
  const collect = (parent: number): void => {
    for (const each of all.filter((candidate) => candidate.parent === parent)) {
      if (found.has(each.key)) continue;
      found.set(each.key, each.name);
      collect(Number.parseInt(each.key, 10));
    }
  };
  collect(pid);
  return found;
}

function tasksOf(pid: number): string[] {
  return list(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
}

function namespacesOf(task: string): string[] {
  return kinds.map((kind) => linkOf(`${task}/ns/${kind}`)).filter((name) => name !== '');
}

/** Every cgroup v2 directory that an Anchor of this process made. */
function cgroupsOf(pid: number): string[] {
  const roots = read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(' - cgroup2 '))
    .map((line) => line.split(' ')[4] ?? '/');
  const walk = (directory: string): string[] =>
    readdir(directory).flatMap((name) => [
      ...(name.startsWith(`anchor-${pid}-`) ? [join(directory, name)] : []),
      ...walk(join(directory, name)),
    ]);
  return roots.flatMap(walk);
}

function loopsOn(plank: string): string[] {
  return list('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .filter(
      (name) =>
        read(`/sys/block/${name}/loop/backing_file`)
          .trim()
          .replace(/ \(deleted\)$/, '') === plank,
    );
}

/** Where a loop device is mounted, in any namespace that a process lives in. */
function mountsOf(loop: string, tasks: readonly string[]): string[] {
  const line = (each: string): string | undefined =>
    read(`/proc/${each}/mountinfo`)
      .split('\n')
      .find((mount) => mount.includes(` /dev/${loop} `));
  return tasks.flatMap((each) => {
    const mount = line(each);
    return mount === undefined ? [] : [`mount seen by ${each}: ${mount}`];
  });
}

function isNumber(name: string): boolean {
  return /^\d+$/.test(name);
}

/** Things go away while one looks: that is what is wanted. */
function read(path: string): string {
  return orEmpty(() => readFileSync(path, 'utf8'), '');
}

function list(path: string): string[] {
  return orEmpty(() => readdirSync(path), []);
}

function readdir(path: string): string[] {
  const entries = orEmpty(() => readdirSync(path, { withFileTypes: true }), []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

function linkOf(path: string): string {
  return orEmpty(() => readlinkSync(path), '');
}

function orEmpty<T>(work: () => T, empty: T): T {
  try {
    return work();
  } catch {
    return empty;
  }
}
