import type { RoomError } from '../errors.js';
import { vaultKinds } from '../spec/vault-kinds.js';
import type { Reference } from '../spec/vault-reference.js';
import type { VaultCore } from './core.js';
import type { Located } from './generations.js';
import { list, type VaultEntry } from './list.js';
import { verifyNix } from './nix-verify.js';
import type { TransferOptions } from './transfer.js';
import { verifyGeneration, writtenMetas, type VaultVerification, type VerifiedGeneration } from './verify.js';

/** Reads a generation that nobody removes meanwhile. */
type Using = (
  reference: Reference,
  look: (located: Located) => Promise<VerifiedGeneration>,
) => Promise<VerifiedGeneration>;

/** Verifies the generations that are named, or all that the vault has. */
export async function verifyVault(
  core: VaultCore,
  references: readonly Reference[] | undefined,
  options: TransferOptions,
  using: Using,
): Promise<VaultVerification> {
  await core.requireSame();
  const log = await core.audit.verify();
  const metas = await writtenMetas(core);
  const generations: VerifiedGeneration[] = [];
  const entries = references === undefined ? await list(core, vaultKinds) : [];
  for (const { reference, active } of entries) {
    const problems = [{ path: '', problem: 'link' as const, detail: 'no generation is active' }];
    if (active === null) generations.push({ reference, ok: false, bytes: 0, problems });
  }
  for (const reference of references ?? entries.flatMap(generationsOf)) {
    try {
      generations.push(await using(reference, (located) => verifyGeneration(core, located, metas, options)));
    } catch (error) {
      // Removed since it was listed.
      const gone = references === undefined && (error as Partial<RoomError>).code === 'ERR_VAULT_NO_ENTRY';
      if (!gone) throw error;
    }
  }
  const bytes = generations.reduce((sum, each) => sum + each.bytes, 0);
  const nix = references === undefined ? await verifyNix(core, options.signal) : null;
  const ok = log.ok && generations.every((each) => each.ok) && nix?.ok !== false;
  return { ok, generations, bytes, nix, log };
}

function generationsOf({ kind, name, generations }: VaultEntry): readonly Reference[] {
  return generations.map(({ generation }) => ({ kind, name, generation }));
}
