import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import {
  cgroupsOf,
  descendantsOf,
  descriptorsIn,
  isOver,
  list,
  loopsOn,
  mountsOf,
  namespacesOf,
  processIds,
  read,
  readProcess,
  tasksOf,
  type ProcessFacts,
} from './host-state.js';

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

/**
 * What is still there of it, one line for each thing. A process that has died and waits for init to notice is not: it holds
 * nothing any more, and how soon it is noticed is up to whoever is PID 1 here.
 */
export function remainsOf(belongings: Belongings): string[] {
  const { pid, plank, processes, namespaces } = belongings;
  const tasks = processIds().filter((each) => !isOver(readProcess(each), pid));
  const remains: string[] = [];
  for (const [key, what] of processes) {
    const found = readProcess(Number.parseInt(key, 10));
    if (found?.key === key && !isOver(found, pid))
      remains.push(`process ${key} ${what} (state ${found.state})`);
  }
  for (const each of tasks) {
    const inCgroup = read(`/proc/${each}/cgroup`).includes(`/anchor-${pid}-`);
    if (inCgroup && each !== pid) remains.push(`process ${each} in a cgroup of ${pid}`);
    if (isStranger(each, belongings)) continue;
    for (const task of tasksOf(each))
      for (const name of namespacesOf(task)) if (namespaces.has(name)) remains.push(`${task} in ${name}`);
  }
  for (const cgroup of cgroupsOf(pid)) remains.push(`cgroup ${cgroup}`);
  for (const loop of loopsOn(plank)) remains.push(`loop device ${loop}`, ...mountsOf(loop, tasks));
  return remains;
}

/**
 * Another family's: the kernel gives the number of a namespace that is gone to a new one. What lost its parents of this family is
 * a child of PID 1.
 */
function isStranger(each: number, { pid, processes }: Belongings): boolean {
  const parentOf = (found: ProcessFacts | null): ProcessFacts | null =>
    found === null ? null : readProcess(found.parent);
  const self = readProcess(each);
  if (self === null || self.parent <= 1) return false;
  for (let found: ProcessFacts | null = self; found !== null; found = parentOf(found))
    if (Number.parseInt(found.key, 10) === pid || processes.has(found.key)) return false;
  return true;
}

/** What this process holds open and runs. */
export interface Standing {
  readonly descriptors: readonly string[];
  readonly threads: number;
  readonly children: readonly string[];
  readonly cgroups: readonly string[];
  readonly loops: readonly string[];
}

/** To be taken before an Anchor is opened. `plank`: one that nobody else uses. */
export async function standing(plank: string): Promise<Standing> {
  // libuv starts its threads with the first work that they get.
  await Promise.all(Array.from({ length: 16 }, () => stat('/')));
  return standingNow(plank);
}

/**
 * Waits until this process is as it was `before`, and has no more on the host than it had. Closing a stream takes Node a
 * turn or two, hence the waiting; what is really left stays for ever, and fails the test.
 */
export async function assertNothingLeft(t: ExecutionContext, before: Standing, plank: string): Promise<void> {
  t.deepEqual(await leftSince(before, plank), []);
}

/** What stays, one line for each thing: for programs that are no test. */
export function leftSince(before: Standing, plank: string): Promise<string[]> {
  return settled(() => changes(before, standingNow(plank)));
}

/** Asks until there is nothing, or for half a minute: long enough for any machine, and not for ever. */
export async function settled(remains: () => string[]): Promise<string[]> {
  // By no clock that a test, or somebody else, may set.
  for (const end = performance.now() + 30_000; ;) {
    const left = remains();
    if (left.length === 0 || performance.now() > end) return left;
    await sleep(20);
  }
}

function standingNow(plank: string): Standing {
  return {
    descriptors: descriptorsIn('/proc/self/fd').sort(),
    threads: list('/proc/self/task').length,
    // By key alone: a name changes with execve.
    children: [...descendantsOf(process.pid).keys()],
    cgroups: cgroupsOf(process.pid),
    loops: loopsOn(plank),
  };
}

/** What there is more of; less of something is what a room leaves that was still ending before. */
function changes(before: Standing, after: Standing): string[] {
  const changed: string[] = [];
  for (const what of new Set([...before.descriptors, ...after.descriptors])) {
    const [old, now] = [before, after].map(
      ({ descriptors }) => descriptors.filter((each) => each === what).length,
    );
    if (now! > old!) changed.push(`${String(old)} descriptors were ${what}, now ${String(now)} are`);
  }
  if (after.threads > before.threads) changed.push(`${before.threads} threads, now ${after.threads}`);
  for (const kind of ['children', 'cgroups', 'loops'] as const)
    for (const each of after[kind]) if (!before[kind].includes(each)) changed.push(`${kind}: ${each}`);
  return changed;
}
