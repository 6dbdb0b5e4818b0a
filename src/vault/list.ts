import type { VaultCore } from './core.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import { referenceText } from '../spec/vault-reference.js';

/** One generation in a list. */
export interface ListedGeneration {
  readonly generation: number;
  readonly active: boolean;
  /** Null: its meta.json is damaged. */
  readonly size: number | null;
  readonly sha256: string | null;
  /** ISO 8601. */
  readonly created: string | null;
}

/** One name in a vault. */
export interface VaultEntry {
  readonly kind: VaultKind;
  readonly name: string;
  /** `kind/name` */
  readonly reference: string;
  /** The active generation; null: none. */
  readonly active: number | null;
  /** Oldest first. */
  readonly generations: readonly ListedGeneration[];
}

/** Everything that is there of some kinds. Takes no lock: what is removed meanwhile is left out. */
export async function list(core: VaultCore, kinds: readonly VaultKind[]): Promise<readonly VaultEntry[]> {
  await core.requireSame();
  const entries: VaultEntry[] = [];
  for (const kind of kinds) {
    for (const name of await core.generations.names(kind)) {
      const numbers = await core.generations.of(kind, name);
      if (numbers.length === 0) continue;
      const active = await core.generations.active(kind, name);
      const generations = await Promise.all(
        numbers.map(async (generation): Promise<ListedGeneration> => {
          const read = await core.generations.meta({ kind, name, generation }).catch(() => null);
          const { size = null, sha256 = null, created = null } = read?.meta ?? {};
          return { generation, active: generation === active, size, sha256, created };
        }),
      );
      entries.push({
        kind,
        name,
        reference: referenceText({ kind, name, generation: null }),
        active,
        generations,
      });
    }
  }
  return entries;
}
