import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Addon } from '../../types/addon.js';
import { RoomError } from '../errors.js';
import type { AuditLog } from './audit-log.js';
import { FileLock } from './file-lock.js';
import type { Generations } from './generations.js';
import type { Layout } from './layout.js';
import { readMarker } from './marker.js';
import { recover } from './recover.js';
import { attempt } from './system-error.js';

/** What all operations of a vault work with. */
export interface VaultParts {
  readonly addon: Addon;
  readonly layout: Layout;
  readonly generations: Generations;
  readonly audit: AuditLog;
  readonly id: string;
}

/** How long whoever wants to change something waits for others, milliseconds: they hold the lock for moments only. */
const patience = 30_000;

/** An open vault: its parts, and the right to change it for a moment. */
export class VaultCore implements VaultParts {
  readonly addon: Addon;
  readonly layout: Layout;
  readonly generations: Generations;
  readonly audit: AuditLog;
  readonly id: string;
  readonly #device: number;
  readonly #inode: number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: VaultParts, root: { readonly dev: number; readonly ino: number }) {
    this.addon = parts.addon;
    this.layout = parts.layout;
    this.generations = parts.generations;
    this.audit = parts.audit;
    this.id = parts.id;
    this.#device = root.dev;
    this.#inode = root.ino;
  }

  /**
   * Does something while nobody else changes the vault, in whatever process. What a process left half-way that was killed is put in
   * order before. Keep it short: bytes are copied outside.
   */
  async change<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    // Those of this process stand in line, so that they do not starve each other.
    const before = this.#turn;
    let done = (): void => {};
    this.#turn = new Promise<void>((resolve) => (done = resolve));
    try {
      await before;
      signal?.throwIfAborted();
      await this.requireSame();
      const lock = await FileLock.take(this.addon, this.layout.lock, { patience, signal });
      try {
        await recover(this);
        return await work();
      } finally {
        lock.release();
      }
    } finally {
      done();
    }
  }

  /** Puts the log aside and begins a new one: the one change that needs no whole log. */
  async restartLog(): Promise<string> {
    await this.requireSame();
    const lock = await FileLock.take(this.addon, this.layout.lock, { patience });
    try {
      const transaction = randomUUID();
      const entry = { operation: 'log', phase: 'done', transaction, message: 'begun anew' } as const;
      return await this.audit.restart(entry, this.layout.stage);
    } finally {
      lock.release();
    }
  }

  /** The disk may have been pulled or exchanged since: then the path leads to the directory below, or to another vault. */
  async requireSame(): Promise<void> {
    const { root } = this.layout;
    const now = await attempt('vault.open', root, () => stat(root));
    const same = now.dev === this.#device && now.ino === this.#inode;
    const marker = same ? await readMarker(this.layout.marker) : null;
    if (marker?.id === this.id) return;
    throw new RoomError('ERR_VAULT_OTHER', `${root} is not the vault any more that was opened there`, {
      path: root,
      hint: 'Was its disk unmounted? Mount it, and open the vault again.',
    });
  }
}
