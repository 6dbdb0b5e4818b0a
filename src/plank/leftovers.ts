import { spawnSync, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Signals that end a process which does not listen to them. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Every build that has something to remove now. The process has one set of signal handlers, hence one list. */
const open = new Set<Leftovers>();

/**
 * What a build must not leave behind: files, directories and programs it started. `clear()` removes them; so do the exit of
 * this process and a signal that ends it.
 */
export class Leftovers {
  readonly #paths = new Set<string>();
  readonly #children = new Set<ChildProcess>();

  constructor() {
    if (open.size === 0) {
      process.on('exit', onExit);
      for (const name of endings) process.on(name, onSignal);
    }
    open.add(this);
  }

  /** Removes this file or directory at the end. */
  add(path: string): void {
    this.#paths.add(path);
  }

  /** Does not remove it after all. */
  keep(path: string): void {
    this.#paths.delete(path);
  }

  watch(child: ChildProcess): void {
    this.#children.add(child);
  }

  unwatch(child: ChildProcess): void {
    this.#children.delete(child);
  }

  /** Removes everything. Programs have ended before. */
  async clear(): Promise<void> {
    try {
      for (const path of this.#paths) await removeTree(path);
    } finally {
      this.#close();
    }
  }

  /** The same for a process that ends now. */
  clearNow(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const path of this.#paths) removeTreeNow(path);
    this.#close();
  }

  #close(): void {
    this.#paths.clear();
    open.delete(this);
    if (open.size > 0) return;
    process.off('exit', onExit);
    for (const name of endings) process.off(name, onSignal);
  }
}

function onExit(): void {
  for (const leftovers of open) leftovers.clearNow();
}

function onSignal(name: NodeJS.Signals): void {
  // A program that listens too decides itself what the signal means; if it exits, `exit` brings us back.
  if (process.listenerCount(name) > 1) return;
  onExit();
  // Our listener is off now, so this time the signal does what it does to a program that does not listen.
  process.kill(process.pid, name);
}

/** `maxRetries`: a program that was just killed may finish the file it is making. */
const removal = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 } as const;

/** Removes a tree even if its directories are read-only, as unpacked ones may be (root does not notice). */
async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, removal);
  } catch (error) {
    if (!isPermission(error)) throw error;
    await makeWritable(path);
    await rm(path, removal);
  }
}

async function makeWritable(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await makeWritable(join(directory, entry.name));
}

function removeTreeNow(path: string): void {
  try {
    try {
      rmSync(path, removal);
    } catch (error) {
      if (!isPermission(error)) throw error;
      spawnSync('chmod', ['-R', 'u+rwx', '--', path], { stdio: 'ignore' });
      rmSync(path, removal);
    }
  } catch {
    // The process ends; there is nobody left to tell.
  }
}

function isPermission(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM';
}
