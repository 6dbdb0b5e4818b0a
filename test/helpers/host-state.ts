import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const kinds = ['mnt', 'pid', 'net', 'user', 'ipc', 'uts', 'cgroup'];

/** Every process that can be seen from here. */
export function processIds(): number[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** What proc_pid_stat(5) says. */
export interface ProcessFacts {
  /** `pid@start`, which no later process has. */
  readonly key: string;
  readonly parent: number;
  readonly name: string;
  readonly state: string;
}

export function readProcess(pid: number): ProcessFacts | null {
  // proc_pid_stat(5): the name stands in parentheses and may hold anything; start time is field 22.
  const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(read(`/proc/${pid}/stat`)) ?? [];
  if (name === undefined || rest === undefined) return null;
  const fields = rest.split(' ');
  return { key: `${pid}@${fields[19] ?? ''}`, parent: Number(fields[1]), name, state: fields[0] ?? '' };
}

/** A zombie that its own parent does not have to reap, because that is no more. */
export function isOver(found: ProcessFacts | null, parent: number): boolean {
  return found === null || (found.state === 'Z' && found.parent !== parent);
}

/** Children, their children and so on. */
export function familyOf(pid: number): ProcessFacts[] {
  const all = processIds().flatMap((each) => readProcess(each) ?? []);
  const found = new Map<string, ProcessFacts>();
  const collect = (parent: number): void => {
    for (const each of all.filter((candidate) => candidate.parent === parent)) {
      if (found.has(each.key)) continue;
      found.set(each.key, each);
      collect(Number.parseInt(each.key, 10));
    }
  };
  collect(pid);
  return [...found.values()];
}

/** The same: name by key. */
export function descendantsOf(pid: number): Map<string, string> {
  return new Map(familyOf(pid).map(({ key, name }) => [key, name]));
}

/** Its children that are PID 1 of a room. */
export function roomInitsOf(pid: number): number[] {
  return processIds().filter((each) => {
    const found = readProcess(each);
    return found?.parent === pid && found.name === 'room-init' && found.state !== 'Z';
  });
}

/** Directories of its threads. */
export function tasksOf(pid: number): string[] {
  return list(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
}

/** Of a thread, such as `mnt:[4026531832]`. */
export function namespacesOf(task: string): string[] {
  return kinds.map((kind) => linkOf(`${task}/ns/${kind}`)).filter((name) => name !== '');
}

/** Every cgroup v2 directory that an Anchor of this process made. */
export function cgroupsOf(pid: number): string[] {
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

/** Loop devices that a file is behind. */
export function loopsOn(plank: string): string[] {
  return loopsWhere((file) => file === plank);
}

/** Loop devices whose files, which may be deleted by now, are wanted. */
export function loopsWhere(wanted: (file: string) => boolean): string[] {
  return list('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .filter((name) => {
      const file = read(`/sys/block/${name}/loop/backing_file`).trim();
      return file !== '' && wanted(file.replace(/ \(deleted\)$/, ''));
    });
}

/** What a table of descriptors holds, without the numbers of sockets and pipes; `directory` is one of `/proc/…/fd`. */
export function descriptorsIn(directory: string): string[] {
  return list(directory).flatMap((fd) => {
    const target = linkOf(`${directory}/${fd}`);
    // The directory that is being read is one of them.
    return target === '' || target.endsWith('/fd') ? [] : [target.replace(/:\[\d+\]$/, '')];
  });
}

/** Where a loop device is mounted, in any namespace that a process lives in. */
export function mountsOf(loop: string, pids: readonly number[]): string[] {
  const line = (each: number): string | undefined =>
    read(`/proc/${each}/mountinfo`)
      .split('\n')
      .find((mount) => mount.includes(` /dev/${loop} `));
  return pids.flatMap((each) => {
    const mount = line(each);
    return mount === undefined ? [] : [`mount seen by ${each}: ${mount}`];
  });
}

/** Things go away while one looks: that is what is wanted. */
export function read(path: string): string {
  return orEmpty(() => readFileSync(path, 'utf8'), '');
}

export function list(path: string): string[] {
  return orEmpty(() => readdirSync(path), []);
}

function readdir(path: string): string[] {
  const entries = orEmpty(() => readdirSync(path, { withFileTypes: true }), []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

export function linkOf(path: string): string {
  return orEmpty(() => readlinkSync(path), '');
}

function orEmpty<T>(work: () => T, empty: T): T {
  try {
    return work();
  } catch {
    return empty;
  }
}
