import { randomUUID } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VaultCore } from './core.js';
import type { Located } from './generations.js';
import { vaultKinds } from '../spec/vault-kinds.js';
import { holders, holdersOf } from './leases.js';
import type { GenerationMeta } from './meta.js';
import { referenceText } from '../spec/vault-reference.js';
import { contentRoot } from './stored-files.js';
import { discard } from './trash.js';

/** What is collected. */
export interface CollectOptions {
  /** The newest generations of each name that stay, besides the active one and those in use. 1 to 1000, default 3. */
  keep?: number;
  /** Only says what would be done. */
  dryRun?: boolean;
  signal?: AbortSignal | undefined;
}

/** What was collected. */
export interface Collection {
  readonly removed: readonly { readonly reference: string; readonly bytes: number }[];
  /** Old generations that stay, and why. */
  readonly kept: readonly { readonly reference: string; readonly why: string }[];
  /** Bytes that no other generation shares. */
  readonly freed: number;
  readonly dryRun: boolean;
}

/** Removes old generations that nobody uses. */
export async function collect(
  core: VaultCore,
  { keep = 3, dryRun = false, signal }: CollectOptions,
): Promise<Collection> {
  return core.change(async () => {
    const { removed, kept } = await choose(core, keep);
    const sizes: { reference: string; bytes: number }[] = [];
    const transaction = randomUUID();
    for (const located of removed) {
      const reference = referenceText(located);
      // Shared files are free when the last of their generations is: so each is looked at when its turn comes.
      sizes.push({ reference, bytes: await bytesOf(core, located) });
      if (dryRun) continue;
      const entry = { operation: 'collect', transaction, reference } as const;
      await core.audit.append({ ...entry, phase: 'begin' });
      await discard(core, transaction, located);
      await core.audit.append({ ...entry, phase: 'done' });
    }
    return { removed: sizes, kept, freed: sizes.reduce((sum, { bytes }) => sum + bytes, 0), dryRun };
  }, signal);
}

async function choose(
  core: VaultCore,
  keep: number,
): Promise<{ removed: Located[]; kept: { reference: string; why: string }[] }> {
  const held = await holders(core);
  const removed: Located[] = [];
  const kept: { reference: string; why: string }[] = [];
  for (const kind of vaultKinds) {
    for (const name of await core.generations.names(kind)) {
      const present = await core.generations.of(kind, name);
      const active = await core.generations.active(kind, name);
      for (const generation of present.slice(0, -keep)) {
        const located = { kind, name, generation };
        const users = holdersOf(held, located);
        const why =
          generation === active ? 'it is active' : users.length > 0 ? `used by ${users.join(', ')}` : null;
        if (why === null) removed.push(located);
        else kept.push({ reference: referenceText(located), why });
      }
    }
  }
  return { removed, kept };
}

async function bytesOf(core: VaultCore, located: Located): Promise<number> {
  const { kind, name, generation } = located;
  let meta: GenerationMeta;
  try {
    ({ meta } = await core.generations.meta(located));
  } catch {
    return 0;
  }
  const root = contentRoot(core.layout.generation(kind, name, generation), meta);
  let bytes = 0;
  for (const { path } of meta.files) {
    const info = await lstat(join(root, path)).catch(() => null);
    if (info?.nlink === 1) bytes += info.blocks * 512;
  }
  return bytes;
}
