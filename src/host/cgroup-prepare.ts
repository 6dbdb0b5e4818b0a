import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import type { CgroupChoice, CgroupSubtree, LimitController } from './cgroup.js';
import type { CgroupRefusal } from './cgroup-reasons.js';

/** The writes that preparing a cgroup takes. */
export interface CgroupFiles {
  write(path: string, text: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  removeDirectory(path: string): Promise<void>;
}

/** The real cgroup file system. */
export const cgroupFiles: CgroupFiles = {
  // Without O_CREAT: cgroupfs answers a creation with EACCES, which would hide that a file does not exist.
  write: (path, text) => writeFile(path, text, { flag: 'r+' }),
  makeDirectory: (path) => mkdir(path),
  removeDirectory: (path) => rmdir(path),
};

export interface PreparedCgroup {
  /** The choice as it came out: what could not be switched on is in `missing`, and nothing is left to prepare. */
  readonly choice: CgroupChoice;
  /** Puts everything back as it was, as far as others let us. Call it when no room is left; it never fails. */
  undo(): Promise<void>;
}

/**
 * Carries out `preparation`. A controller that refuses takes none of the others with it; when none can be had, this
 * process moves back. `pid` is written as it is known to this process, whatever PID namespace it lives in.
 */
export async function prepareCgroup(
  choice: CgroupChoice,
  pid: number,
  files: CgroupFiles = cgroupFiles,
): Promise<PreparedCgroup> {
  if (choice.kind === 'none' || choice.preparation === null) return { choice, undo: () => Promise.resolve() };
  const { moveSelfTo, enable } = choice.preparation;
  const undo: (() => Promise<void>)[] = [];
  try {
    if (moveSelfTo !== null) await moveSelf(files, choice.parent, moveSelfTo, pid, undo);
  } catch (error) {
    await runBackwards(undo);
    return {
      choice: without(choice, enable, refusal(error, `moving this process to ${moveSelfTo}`)),
      undo: nothing,
    };
  }
  let result: CgroupSubtree = { ...choice, preparation: null };
  const control = `${choice.parent}/cgroup.subtree_control`;
  for (const controller of enable) {
    try {
      await files.write(control, `+${controller}`);
      undo.push(() => files.write(control, `-${controller}`));
    } catch (error) {
      result = without(result, [controller], refusal(error, `writing +${controller} to ${control}`));
    }
  }
  if (enable.every((controller) => !result.controllers.includes(controller))) {
    await runBackwards(undo);
    return { choice: result, undo: nothing };
  }
  return { choice: result, undo: () => runBackwards(undo) };
}

async function moveSelf(
  files: CgroupFiles,
  parent: string,
  leaf: string,
  pid: number,
  undo: (() => Promise<void>)[],
): Promise<void> {
  try {
    await files.makeDirectory(leaf);
    undo.push(() => files.removeDirectory(leaf));
  } catch (error) {
    // Left over from a process that was killed: an empty cgroup like any other.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  await files.write(`${leaf}/cgroup.procs`, String(pid));
  undo.push(() => files.write(`${parent}/cgroup.procs`, String(pid)));
}

function without(
  choice: CgroupSubtree,
  controllers: readonly LimitController[],
  why: CgroupRefusal,
): CgroupSubtree {
  return {
    ...choice,
    controllers: choice.controllers.filter((name) => !controllers.includes(name)),
    missing: { ...choice.missing, ...Object.fromEntries(controllers.map((name) => [name, why])) },
    preparation: null,
  };
}

function refusal(error: unknown, what: string): CgroupRefusal {
  return {
    code: 'ERR_ROOM_CGROUP_DELEGATION',
    reason: `${what} failed: ${error instanceof Error ? error.message : String(error)}`,
    remedy:
      'see docs/cgroups.md: EBUSY means that other processes live in that cgroup, EACCES that it is not delegated',
  };
}

async function nothing(): Promise<void> {
  // Everything has been put back already.
}

/** Controllers go before the process comes back: a cgroup that hands out controllers takes no process in. */
async function runBackwards(undo: (() => Promise<void>)[]): Promise<void> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch {
      // Somebody else uses it by now: a sibling that needs the controller, or a second Anchor in the leaf.
    }
  }
}
