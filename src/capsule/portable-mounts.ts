import { RoomError } from '../errors.js';
import type { MountSpec, VaultMountSpec } from '../spec/mounts.js';
import type { RoomSpec } from '../spec/room-spec.js';
import { referenceText, parseReference } from '../spec/vault-reference.js';

/** A mount of a spec that shows the room something of a vault. */
export interface VaultSource {
  /** Of the vault where the room was run: `datasets/mnist@3`. */
  readonly reference: string;
  /** What it is called among the weights of a capsule. */
  readonly name: string;
  /** `mounts[2].vault` */
  readonly field: string;
}

/**
 * What of a vault a spec mounts. Two things of one name would be one thing in a capsule, whatever kind or generation they are.
 *
 * @throws RoomError ERR_COURIER_SOURCE for these; SpecTypeError, SpecRangeError.
 */
export function vaultSources({ mounts = [] }: Pick<RoomSpec, 'mounts'>): readonly VaultSource[] {
  const sources = mounts.flatMap((mount, index): VaultSource[] => {
    const field = `mounts[${index}].vault`;
    return readsVault(mount)
      ? [{ reference: mount.vault, name: parseReference(mount.vault, field).name, field }]
      : [];
  });
  for (const { reference, name, field } of sources) {
    const other = sources.find((each) => each.name === name && each.reference !== reference);
    if (other === undefined) continue;
    throw new RoomError(
      'ERR_COURIER_SOURCE',
      `${field} and ${other.field} of the spec are two things called ${name}`,
      {
        path: field,
        hint: 'Store one of them under another name: weights of a capsule are told apart by their names.',
      },
    );
  }
  return sources;
}

/** The mounts with what is in a vault found by `find`. Pure, if `find` is. */
export function withVaultSources(
  mounts: readonly MountSpec[],
  find: (name: string) => string,
): readonly MountSpec[] {
  return mounts.map((mount) =>
    readsVault(mount) ? { ...mount, vault: find(parseReference(mount.vault).name) } : mount,
  );
}

/** As a capsule has them: among models, which is where weights are received, without a generation, which is another one there. */
export function portableMounts(mounts: readonly MountSpec[]): readonly MountSpec[] {
  return withVaultSources(mounts, (name) => referenceText({ kind: 'models', name, generation: null }));
}

/** A dropzone names a kind, and nothing that is there already. */
function readsVault(mount: MountSpec): mount is VaultMountSpec {
  return 'vault' in mount && mount.access !== 'write';
}
