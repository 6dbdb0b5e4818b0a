import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { VaultParts } from './core.js';
import { makeDirectory, removeTree, replaceFile, syncDirectory } from './durable.js';
import type { Located } from './generations.js';
import { vaultKinds } from '../spec/vault-kinds.js';
import { lastName } from './layout.js';
import { attempt } from './system-error.js';

/**
 * Removes a generation, with the vault's lock: it is there whole until it is in the trash, from where nothing comes back. The
 * caller has seen that nobody uses it.
 */
export async function discard(parts: VaultParts, transaction: string, located: Located): Promise<void> {
  const { layout, generations } = parts;
  const { kind, name, generation } = located;
  const from = layout.generation(kind, name, generation);
  const to = join(layout.trash, trashName(transaction, located));
  await attempt('vault.remove', from, async () => {
    const directory = layout.generations(kind, name);
    const numbers = await generations.of(kind, name);
    if (generation === Math.max(...numbers) && generation > (await generations.last(kind, name)))
      await replaceFile(join(directory, lastName), `${generation}\n`, 0o644, layout.stage);
    await rename(from, to);
    await syncDirectory(directory);
    await syncDirectory(layout.trash);
    await removeTree(to);
  });
}

/** The directory for the generations of a name is there, and on the disk. */
export async function makeGenerations(
  { layout }: VaultParts,
  { kind, name }: Pick<Located, 'kind' | 'name'>,
): Promise<void> {
  const directory = layout.generations(kind, name);
  await makeDirectory(directory);
  // Also where it was there: whoever made it may have been killed before this.
  await syncDirectory(layout.generationsOfKind(kind));
}

function trashName(transaction: string, { kind, name, generation }: Located): string {
  return `${transaction}.${kind}.${generation}.${name}`;
}

/** What a name in the trash was; null: nothing of ours. */
export function trashed(trash: string): { transaction: string; located: Located } | null {
  const [transaction = '', word = '', digits = '', ...name] = trash.split('.');
  const kind = vaultKinds.find((candidate) => candidate === word);
  const generation = Number(digits);
  if (kind === undefined || !Number.isSafeInteger(generation) || name.length === 0) return null;
  return { transaction, located: { kind, name: name.join('.'), generation } };
}
