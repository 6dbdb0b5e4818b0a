import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Addon } from '../../types/addon.js';
import { errorFromNative } from '../addon/refusal.js';
import { RoomError } from '../errors.js';

/** A lock on a file that goes with this process; see Addon.lockFile. */
export class FileLock {
  #lock: number | null;

  private constructor(
    private readonly addon: Addon,
    readonly path: string,
    lock: number,
  ) {
    this.#lock = lock;
  }

  /** Null: somebody else has it. `create`: whether the file is made. */
  static async tryTake(addon: Addon, path: string, create: boolean, note = ''): Promise<FileLock | null> {
    try {
      const lock = await addon.lockFile(path, create, note);
      return lock === null ? null : new FileLock(addon, path, lock);
    } catch (error) {
      throw errorFromNative(error);
    }
  }

  /** Waits for it as long as that; then ERR_VAULT_BUSY, which names the holder. */
  static async take(
    addon: Addon,
    path: string,
    { patience, signal }: { patience: number; signal?: AbortSignal | undefined },
  ): Promise<FileLock> {
    const since = performance.now();
    for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
      signal?.throwIfAborted();
      const lock = await FileLock.tryTake(addon, path, true, holderNote());
      if (lock !== null) return lock;
      if (performance.now() - since > patience) throw await busy(path);
      await sleep(pause);
    }
  }

  release(): void {
    if (this.#lock !== null) this.addon.unlockFile(this.#lock);
    this.#lock = null;
  }
}

/** Who holds a lock, for people: the lock itself is the kernel's. */
export function holderNote(): string {
  return `${JSON.stringify({ pid: process.pid, since: new Date().toISOString() })}\n`;
}

async function busy(path: string): Promise<RoomError> {
  const note = await readFile(path, 'utf8').catch(() => '');
  const pid = /"pid":(\d+)/.exec(note)?.[1];
  return new RoomError(
    'ERR_VAULT_BUSY',
    `another process${pid === undefined ? '' : ` (${pid})`} is changing the vault, and did not finish in time`,
    { path, hint: 'Try again, or see what that process waits for.' },
  );
}
