import { basename } from 'node:path';
import {
  cgroupsOf,
  descriptorsIn,
  familyOf,
  linkOf,
  list,
  loopsWhere,
  processIds,
  read,
  readProcess,
  tasksOf,
} from '../helpers/host-state.js';

/** Everything that a soak could leave, by kind: one line for each thing. */
export interface Census {
  readonly processes: readonly string[];
  readonly zombies: readonly string[];
  /** In all mount namespaces of the machine: what comes of this soak's files and loop devices. */
  readonly mounts: readonly string[];
  readonly 'loop devices': readonly string[];
  /** Seen at a process, a thread or a descriptor of this one. Those that nobody can see are counted by `kernelObjects()`. */
  readonly 'network namespaces': readonly string[];
  readonly cgroups: readonly string[];
  /** Of all threads: those of an Anchor have a table of their own. */
  readonly descriptors: readonly string[];
  readonly threads: readonly string[];
}

export type Kind = keyof Census;

/** What distinguishes this soak from everything else that runs on the machine. */
export interface Signs {
  /** Where its files lie. */
  readonly directory: string;
  /** Value of SOAK in the environment of what runs in its rooms. */
  readonly mark: string;
}

export function takeCensus({ directory, mark }: Signs): Census {
  const family = familyOf(process.pid);
  const loops = loopsWhere((file) => file.startsWith(`${directory}/`));
  const own = linkOf('/proc/self/ns/net');
  const tasks = [process.pid, ...family.map(({ key }) => Number.parseInt(key, 10))].flatMap(tasksOf);
  const descriptors = tablesOf(tasksOf(process.pid)).flatMap((table) =>
    list(table).map((fd) => linkOf(`${table}/${fd}`)),
  );
  const networks = [...tasks.map((task) => linkOf(`${task}/ns/net`)), ...descriptors].filter((name) =>
    name.startsWith('net:'),
  );
  return {
    processes: [
      ...family.filter(({ state }) => state !== 'Z').map(({ key, name }) => `${key} ${name}`),
      ...strangers(
        family.map(({ key }) => key),
        mark,
      ),
    ],
    zombies: family.filter(({ state }) => state === 'Z').map(({ key, name }) => `${key} ${name}`),
    mounts: mountsOf(directory, loops),
    'loop devices': loops,
    'network namespaces': [...new Set(networks)].filter((name) => name !== own),
    cgroups: cgroupsOf(process.pid),
    descriptors: tablesOf(tasksOf(process.pid)).flatMap(descriptorsIn).sort(),
    threads: tasksOf(process.pid)
      .map((task) => read(`${task}/comm`).trim())
      .sort(),
  };
}

/** What there is more of than before, and what it is. */
export function moreThan(before: Census, after: Census, kind: Kind): string[] {
  const rest = [...before[kind]];
  return after[kind].filter((each) => {
    const at = rest.indexOf(each);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

/** Processes that are nobody's children here any more, but live in one of our rooms or cgroups. */
function strangers(family: readonly string[], mark: string): string[] {
  return processIds().flatMap((pid) => {
    const found = readProcess(pid);
    if (found === null || pid === process.pid || family.includes(found.key) || found.state === 'Z') return [];
    const marked = read(`/proc/${pid}/environ`).split('\0').includes(`SOAK=${mark}`);
    const inCgroup = read(`/proc/${pid}/cgroup`).includes(`/anchor-${process.pid}-`);
    return marked || inCgroup ? [`${found.key} ${found.name}`] : [];
  });
}

/** In every mount namespace that a process or thread of this machine lives in. */
function mountsOf(directory: string, loops: readonly string[]): string[] {
  const signs = [`${basename(directory)}/`, ...loops.map((name) => `/dev/${name} `)];
  const seen = new Set<string>();
  return processIds()
    .flatMap(tasksOf)
    .flatMap((task) => {
      const namespace = linkOf(`${task}/ns/mnt`);
      if (namespace === '' || seen.has(namespace)) return [];
      seen.add(namespace);
      const lines = read(`${task}/mountinfo`).split('\n');
      return lines
        .filter((line) => signs.some((sign) => line.includes(sign)))
        .map((line) => `${namespace} ${line}`);
    });
}

/** One directory for each table of descriptors: threads that share one show the same files. */
function tablesOf(tasks: readonly string[]): string[] {
  const seen = new Set<string>();
  return tasks
    .map((task) => `${task}/fd`)
    .filter((table) => {
      const content = list(table)
        .map((fd) => `${fd} ${linkOf(`${table}/${fd}`)}`)
        .filter((entry) => !entry.endsWith('/fd'))
        .join('\n');
      if (seen.has(content)) return false;
      seen.add(content);
      return true;
    });
}

/** Kinds of kernel objects that nothing but the kernel's own allocator may know of, once they are nobody's. */
const caches = {
  net_namespace: 'net',
  user_namespace: 'user',
  pid_namespace: 'pid',
  mnt_cache: 'mounts',
} as const;

/**
 * How many of them the whole machine has, by slabinfo(5). Freed ones that a processor keeps at hand count as used, and so do
 * those of everybody else: this shows what is lost with each room, and nothing finer.
 */
export function kernelObjects(): Readonly<Record<string, number>> {
  const text = read('/proc/slabinfo');
  return Object.fromEntries(
    Object.entries(caches).flatMap(([cache, name]) => {
      const active = new RegExp(`^${cache} +(\\d+)`, 'm').exec(text)?.[1];
      return active === undefined ? [] : [[name, Number(active)]];
    }),
  );
}
