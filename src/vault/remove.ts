import { randomUUID } from 'node:crypto';
import { RoomError } from '../errors.js';
import { unlinkName } from './activate.js';
import type { VaultCore } from './core.js';
import type { Located } from './generations.js';
import { holders, holdersOf, type Holder } from './leases.js';
import { referenceText, type Reference } from '../spec/vault-reference.js';
import { discard } from './trash.js';

/** Removes one generation, or a name with all of its. What somebody uses is refused before anything is removed. */
export async function remove(
  core: VaultCore,
  reference: Reference,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  return core.change(async () => {
    const { kind, name, generation } = reference;
    const present = await core.generations.of(kind, name);
    // Throws where there is nothing of that name; a name without an active generation can be removed.
    if (generation !== null || present.length === 0) await core.generations.locate(reference);
    const doomed = (generation === null ? present : [generation]).map((each): Located => ({
      kind,
      name,
      generation: each,
    }));
    const held = await holders(core);
    for (const located of doomed) requireFree(located, held);
    if (generation !== null && generation === (await core.generations.active(kind, name)))
      throw active(reference);

    const transaction = randomUUID();
    const entry = { operation: 'remove', transaction, reference: referenceText(reference) } as const;
    await core.audit.append({ ...entry, phase: 'begin' });
    if (generation === null) await unlinkName(core.layout, kind, name);
    for (const located of doomed) await discard(core, transaction, located);
    await core.audit.append({ ...entry, phase: 'done' });
    return doomed.map(referenceText);
  }, signal);
}

function requireFree(located: Located, held: readonly Holder[]): void {
  const users = holdersOf(held, located);
  if (users.length === 0) return;
  throw new RoomError('ERR_VAULT_IN_USE', `${referenceText(located)} is used by ${users.join(', ')}`, {
    hint: 'Wait until that ends, or end it.',
  });
}

function active(reference: Reference): RoomError {
  return new RoomError('ERR_VAULT_IN_USE', `${referenceText(reference)} is the active generation`, {
    hint: 'Activate another one first (`anchor vault rollback`), or remove the name with all of its generations.',
  });
}
