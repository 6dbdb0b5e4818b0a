import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '../paths.js';
import { type BenchCgroup, makeCgroup, removeCgroup } from './cgroup.js';
import { compileFloor, compileIdle, compileTiny } from './compile.js';
import { auditArchitectures, buildFilter, encodeFilter } from './filter.js';
import { buildPlank } from './plank.js';
import { deniedSyscalls, syscallNumbers } from './syscalls.js';

/** What contenders need, made once per run and shared by all. */
export interface Workshop {
  /** The program outside of any image. */
  readonly tiny: string;
  /** The image with `/bin/tiny` and `/bin/idle`. */
  readonly plank: string;
  /** The seccomp filter as struct sock_filter[]. */
  readonly filter: string;
  /** System calls the filter denies, by name. */
  readonly denied: readonly string[];
  /** A directory of this run only. */
  readonly scratch: string;
  /** An empty directory that lanes mount the plank on, each in a mount namespace of its own. */
  readonly mountPoint: string;
  /** undefined: no cgroup v2 that may be written. */
  readonly cgroup: BenchCgroup | undefined;
  /** The floor, compiled when the first contender asks. */
  floor(): Promise<string>;
  /** Undoes what should not outlive the run; the cache stays. */
  close(): Promise<void>;
}

const scratchPrefix = 'run-';

export async function openWorkshop(): Promise<Workshop> {
  await mkdir(paths.cache, { recursive: true });
  await sweep();
  const scratch = join(paths.cache, `${scratchPrefix}${process.pid}`);
  const mountPoint = join(scratch, 'plank');
  const filter = join(scratch, 'filter.bpf');
  let cgroup: BenchCgroup | undefined;
  const close = async () => {
    if (cgroup !== undefined) await removeCgroup(cgroup.path);
    await rm(scratch, { recursive: true, force: true });
  };
  try {
    await mkdir(mountPoint, { recursive: true });
    const tiny = await compileTiny();
    const plank = await buildPlank({ tiny, idle: await compileIdle() });
    const numbers = await syscallNumbers(deniedSyscalls);
    await writeFile(filter, encodeFilter(buildFilter(auditArchitecture(), numbers.values())));
    cgroup = await makeCgroup();
    const denied = [...numbers.keys()];
    return { tiny, plank, filter, denied, scratch, mountPoint, cgroup, floor: compileFloor, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function auditArchitecture(): number {
  const architecture = auditArchitectures[process.arch];
  if (architecture === undefined) throw new Error(`the bench does not know the architecture ${process.arch}`);
  return architecture;
}

/** Removes the directories of earlier runs that were killed before they could. */
async function sweep(): Promise<void> {
  for (const name of await readdir(paths.cache)) {
    const owner = name.startsWith(scratchPrefix) ? name.slice(scratchPrefix.length) : '';
    if (/^\d+$/.test(owner) && !existsSync(`/proc/${owner}`))
      await rm(join(paths.cache, name), { recursive: true });
  }
}
