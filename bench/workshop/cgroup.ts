import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The bench's own directory in the cgroup v2 hierarchy. Hierarchies of version 1 are never touched. */
export interface BenchCgroup {
  /** Absolute path. */
  readonly path: string;
  /** The same below the root of the hierarchy, as OCI runtimes want it. */
  readonly name: string;
  /** Where the hierarchy is mounted. */
  readonly mount: string;
  /** Controllers that rooms below it pay for. */
  readonly controllers: readonly string[];
}

const prefix = 'anchor-bench-';

/** Makes a cgroup below the one this process is in; undefined where there is no cgroup v2 or no right to do it. */
export async function makeCgroup(): Promise<BenchCgroup | undefined> {
  const mount = cgroup2Mount(await readFile('/proc/self/mountinfo', 'utf8'));
  const own = /^0::(\/.*)$/m.exec(await readFile('/proc/self/cgroup', 'utf8'))?.[1];
  if (mount === undefined || own === undefined) return undefined;
  const parent = join(mount, own);
  await sweep(parent);
  const path = join(parent, `${prefix}${process.pid}`);
  try {
    await mkdir(path);
  } catch {
    return undefined;
  }
  // Rooms of the library have these; where the parent does not hand them down, nobody has them.
  for (const controller of ['cpu', 'memory', 'pids', 'io']) {
    await writeFile(join(path, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
  }
  const controllers = await readFile(join(path, 'cgroup.subtree_control'), 'utf8');
  return {
    path,
    mount,
    name: join(own, `${prefix}${process.pid}`),
    controllers: controllers.split(/\s+/).filter(Boolean),
  };
}

/** Removes a cgroup and what is left below it. Kills nothing: by then every lane has ended. */
export async function removeCgroup(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await removeCgroup(join(path, entry.name));
  }
  // The last process of a cgroup keeps it busy for a moment after it was waited for.
  for (let tries = 0; tries < 50; tries++) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Removes directories of earlier runs that were killed before they could. */
async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const owner = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (/^\d+$/.test(owner) && !existsSync(`/proc/${owner}`)) await removeCgroup(join(parent, name));
  }
}

/** The mount point of the cgroup2 file system: `… 30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw`. */
export function cgroup2Mount(mountinfo: string): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, mountPoint] = before.split(' ');
    if (after.startsWith('cgroup2 ') && root === '/') return mountPoint;
  }
  return undefined;
}
