import { basename, dirname } from 'node:path/posix';
import type { HostFiles } from './files.js';
import { parseMountinfo, type MountedFileSystem } from './mountinfo.js';
import { readSurroundings, type Surroundings } from './surroundings.js';

/** The leaf that this process moves itself into, so that the cgroup above may hand controllers to rooms. */
export const selfLeaf = 'anchor-main';

/** Everything the choice of a cgroup depends on; see cgroups(7) and the kernel's cgroup-v2.rst. */
export interface CgroupFacts {
  /** `hybrid`: v2 is mounted and v1 holds controllers. `v1`: no v2 in sight. */
  readonly layout: 'unified' | 'hybrid' | 'v1' | 'absent';
  /** Where cgroup v2 is mounted. */
  readonly mountPoint: string | null;
  /** Controllers that cgroup v1 holds, by their v2 names, with the place they are mounted at or ''. */
  readonly heldByV1: Readonly<Record<string, string>>;
  /** Controllers switched off by cgroup_disable= on the kernel command line. */
  readonly disabled: readonly string[];
  /** Our cgroup as /proc/self/cgroup names it. */
  readonly ownPath: string | null;
  /** Our cgroup; null when it is not below the mount, or not there at all. */
  readonly own: CgroupDirectory | null;
  /** The cgroup above ours, when ours is `anchor-main`: then it was made for rooms. */
  readonly above: CgroupDirectory | null;
  /** The directory that was asked for, if one was. */
  readonly asked: { readonly path: string; readonly directory: CgroupDirectory | null } | null;
  readonly pid: number;
  /** Whether memory.swap.max exists in a cgroup with the memory controller. */
  readonly swapAccounting: boolean;
  readonly surroundings: Surroundings;
}

export interface CgroupDirectory {
  readonly path: string;
  /** The real root: only there may processes and controllers of children live side by side. */
  readonly root: boolean;
  /** cgroup.type: `domain`, `domain threaded`, `domain invalid` or `threaded`. */
  readonly type: string;
  readonly controllers: readonly string[];
  /** cgroup.subtree_control. */
  readonly enabled: readonly string[];
  /** Directories can be made in it. */
  readonly writable: boolean;
  /** cgroup.subtree_control can be written. */
  readonly configurable: boolean;
  /** Processes may be put below it: the kernel asks for cgroup.procs of the common ancestor with the mover's cgroup. */
  readonly reachable: boolean;
  /** null when they cannot be read. A 0 is a process of another PID namespace. */
  readonly processes: readonly number[] | null;
}

/** Reads the facts. `parent` is a directory that somebody delegated to us. */
export function readCgroupFacts(
  files: HostFiles,
  options: { readonly pid: number; readonly parent?: string },
): CgroupFacts {
  const mounts = parseMountinfo(files.read('/proc/self/mountinfo') ?? '');
  const membership = parseMembership(files.read('/proc/self/cgroup') ?? '');
  const heldByV1 = Object.fromEntries(membership.v1.map((name) => [toV2Name(name), mountOfV1(mounts, name)]));
  const mount = findUnifiedMount(files, mounts, membership.own);
  const ownDirectory = mount === null ? null : below(mount, membership.own);
  const own = ownDirectory === null ? null : readDirectory(files, ownDirectory, ownDirectory);
  const isLeaf = own !== null && basename(own.path) === selfLeaf;
  const { parent } = options;
  return {
    layout: layoutOf(mount !== null, membership.v1.length > 0),
    mountPoint: mount?.point ?? null,
    heldByV1,
    disabled: parseDisabled(files.read('/proc/cgroups') ?? ''),
    ownPath: membership.own,
    own,
    above: isLeaf ? readDirectory(files, dirname(own.path), own.path) : null,
    asked:
      parent === undefined
        ? null
        : { path: parent, directory: readDirectory(files, parent, own?.path ?? parent) },
    pid: options.pid,
    swapAccounting:
      files.stat('/proc/swaps') !== null && !/\bswapaccount=0\b/.test(files.read('/proc/cmdline') ?? ''),
    surroundings: readSurroundings(files),
  };
}

function layoutOf(v2: boolean, v1: boolean): CgroupFacts['layout'] {
  if (v2) return v1 ? 'hybrid' : 'unified';
  return v1 ? 'v1' : 'absent';
}

/** /proc/self/cgroup: `0::/path` is v2, `7:cpu,cpuacct:/path` is v1 (a name instead of controllers holds none). */
function parseMembership(text: string): { own: string | null; v1: string[] } {
  let own: string | null = null;
  const v1: string[] = [];
  for (const line of text.split('\n')) {
    const [, hierarchy, names, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (names === undefined || path === undefined) continue;
    if (hierarchy === '0' && names === '') own = path;
    else v1.push(...names.split(',').filter((name) => name !== '' && !name.startsWith('name=')));
  }
  return { own, v1 };
}

function toV2Name(controller: string): string {
  return controller === 'blkio' ? 'io' : controller;
}

function mountOfV1(mounts: readonly MountedFileSystem[], controller: string): string {
  return mounts.find((mount) => mount.type === 'cgroup' && mount.options.includes(controller))?.point ?? '';
}

/** A controller with hierarchy 0 is free for v2 or in it; `enabled` 0 means that the boot loader said no. */
function parseDisabled(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.split(/\s+/))
    .filter(([name, , , enabled]) => name !== undefined && !name.startsWith('#') && enabled === '0')
    .map(([name]) => toV2Name(name ?? ''));
}

/** Of several mounts the one that shows our own cgroup, then a writable one, then the first. */
function findUnifiedMount(
  files: HostFiles,
  mounts: readonly MountedFileSystem[],
  own: string | null,
): MountedFileSystem | null {
  // Another mount may lie over it: then the file is not there.
  const visible = mounts.filter(
    (mount) => mount.type === 'cgroup2' && files.read(`${mount.point}/cgroup.controllers`) !== null,
  );
  const rank = (mount: MountedFileSystem): number =>
    (below(mount, own) === null ? 2 : 0) + (mount.readOnly ? 1 : 0);
  return visible.sort((a, b) => rank(a) - rank(b))[0] ?? null;
}

/**
 * The directory of a cgroup. Both paths are relative to the root of our cgroup namespace; one that lies outside of it
 * begins with `/..`, and then no directory of ours shows it.
 */
function below(mount: MountedFileSystem, own: string | null): string | null {
  if (own === null || own.startsWith('/..')) return null;
  if (mount.root === '/') return own === '/' ? mount.point : mount.point + own;
  if (own === mount.root) return mount.point;
  return own.startsWith(`${mount.root}/`) ? mount.point + own.slice(mount.root.length) : null;
}

function readDirectory(files: HostFiles, path: string, from: string): CgroupDirectory | null {
  const controllers = files.read(`${path}/cgroup.controllers`);
  if (controllers === null) return null;
  // The root is the only cgroup without a type. In a cgroup namespace `/` looks like the root and is none.
  const type = files.read(`${path}/cgroup.type`)?.trim();
  const processes = files.read(`${path}/cgroup.procs`);
  return {
    path,
    root: type === undefined,
    type: type ?? 'domain',
    controllers: words(controllers),
    enabled: words(files.read(`${path}/cgroup.subtree_control`) ?? ''),
    writable: files.writable(path),
    configurable: files.writable(`${path}/cgroup.subtree_control`),
    reachable: files.writable(`${commonAncestor(path, from)}/cgroup.procs`),
    processes: processes === null ? null : words(processes).map(Number),
  };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function commonAncestor(a: string, b: string): string {
  let ancestor = a;
  while (ancestor !== '/' && b !== ancestor && !b.startsWith(`${ancestor}/`)) ancestor = dirname(ancestor);
  return ancestor;
}
