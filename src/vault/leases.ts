import { randomUUID } from 'node:crypto';
import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { RoomError } from '../errors.js';
import type { VaultCore, VaultParts } from './core.js';
import { namesIn } from './durable.js';
import { FileLock } from './file-lock.js';
import type { Located } from './generations.js';
import { vaultKinds } from '../spec/vault-kinds.js';
import { referenceText, type Reference } from '../spec/vault-reference.js';
import { attempt } from './system-error.js';

/** Holds a generation: it is not removed until release(), or until this process ends in whatever way. */
export class Lease {
  readonly #file: string;
  readonly #lock: FileLock;
  readonly #released: (lease: Lease) => void;

  constructor(
    /** `kind/name@generation` */
    readonly reference: string,
    readonly generation: number,
    /** The file or directory, which stays until release(). */
    readonly path: string,
    held: { readonly file: string; readonly lock: FileLock; readonly released: (lease: Lease) => void },
  ) {
    this.#file = held.file;
    this.#lock = held.lock;
    this.#released = held.released;
  }

  /** Idempotent; never fails: a lock file that is left is seen to be nobody's. */
  async release(): Promise<void> {
    await unlink(this.#file).catch(() => undefined);
    this.#lock.release();
    this.#released(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/** Who holds a generation. */
export interface Holder {
  readonly located: Located;
  /** As the holder calls itself, with its process. */
  readonly text: string;
}

/** With the vault's lock, so that it is not removed between the look and the lease. */
export async function takeLease(
  core: VaultCore,
  reference: Reference,
  holder: string,
  released: (lease: Lease) => void,
): Promise<Lease> {
  return core.change(async () => {
    const located = await core.generations.locate(reference);
    const { kind, name, generation } = located;
    const file = join(core.layout.leases, `${kind}.${generation}.${name}.${randomUUID()}`);
    const note = `${JSON.stringify({ holder, pid: process.pid, since: new Date().toISOString() })}\n`;
    const lock = await attempt('vault.lease', file, () => FileLock.tryTake(core.addon, file, true, note));
    if (lock === null) throw new RoomError('ERR_VAULT_BUSY', `somebody has locked ${file}`, { path: file });
    const path = core.layout.content(kind, name, generation);
    return new Lease(referenceText(located), generation, path, { file, lock, released });
  });
}

/** All leases that are held, with the vault's lock; those of processes that are gone are removed. */
export async function holders(parts: VaultParts): Promise<readonly Holder[]> {
  const { leases } = parts.layout;
  const found: Holder[] = [];
  for (const file of await attempt('vault.read', leases, () => namesIn(leases))) {
    const located = leased(file);
    if (located === null) continue;
    const path = join(leases, file);
    if (await isHeld(parts, path)) found.push({ located, text: await textOf(path) });
  }
  return found;
}

async function isHeld({ addon }: VaultParts, path: string): Promise<boolean> {
  let lock: FileLock | null;
  try {
    lock = await FileLock.tryTake(addon, path, false);
  } catch (error) {
    // Released between the listing and now.
    if ((error as Partial<RoomError>).errno === -2) return false;
    throw error;
  }
  if (lock === null) return true;
  await unlink(path).catch(() => undefined);
  lock.release();
  return false;
}

async function textOf(path: string): Promise<string> {
  try {
    const { holder, pid } = JSON.parse(await readFile(path, 'utf8')) as { holder: string; pid: number };
    return `${holder} (process ${pid})`;
  } catch {
    return 'somebody';
  }
}

function leased(file: string): Located | null {
  const [word = '', digits = '', ...rest] = file.split('.');
  const kind = vaultKinds.find((candidate) => candidate === word);
  const generation = Number(digits);
  const name = rest.slice(0, -1).join('.');
  return kind === undefined || !Number.isSafeInteger(generation) || name === ''
    ? null
    : { kind, name, generation };
}

/** Those who hold a generation. Pure. */
export function holdersOf(all: readonly Holder[], { kind, name, generation }: Located): readonly string[] {
  return all
    .filter(
      ({ located }) => located.kind === kind && located.name === name && located.generation === generation,
    )
    .map(({ text }) => text);
}
