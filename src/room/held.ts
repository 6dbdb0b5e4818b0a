import { aboutField, holdStored, type GenerationHold, type HostVault } from '../host/vault.js';
import type { ResolvedSpec } from '../host/resolved-room.js';
import type { RoomPlace } from '../host/places.js';
import { hostId } from '../plan/mounts.js';
import type { HeldDropzone } from './dropzones.js';

/** What a room holds of the vault for as long as there is anything of it. */
export interface Held {
  readonly dropzones: readonly HeldDropzone[];
  /** Never fails. */
  release(): Promise<void>;
}

/** Nearly every room. */
export const nothingHeld: Held = Object.freeze({ dropzones: [], release: () => Promise.resolve() });

/** Whether a room holds anything. */
export function needsVault({ used, mounts }: ResolvedSpec): boolean {
  return used.length > 0 || mounts.some(({ kind }) => kind === 'dropzone');
}

/** Holds all of what a room uses and makes what it may write to, or nothing. */
export async function holdOfVault(
  vault: HostVault | null,
  { spec, used, mounts, user }: ResolvedSpec,
  { id, identity }: RoomPlace,
): Promise<Held> {
  if (vault === null) throw new Error('a spec that names a vault was not refused');
  const holds: GenerationHold[] = [];
  const dropzones: HeldDropzone[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(dropzones.splice(0).map(({ dropzone }) => dropzone.close()));
    await Promise.all(holds.splice(0).map((hold) => hold.release()));
  };
  try {
    for (const generation of used) holds.push(await holdStored(vault, generation, `room ${id}`));
    const owner = { uid: hostId(identity, user.uid), gid: hostId(identity, user.gid) };
    for (const mount of mounts) {
      if (mount.kind !== 'dropzone') continue;
      const { vault: kind, bytes, at } = mount;
      const checkpoints = mount.checkpoints !== null;
      const dropzone = await vault.dropzone({ kind, bytes, owner, checkpoints }).catch((error: unknown) => {
        const index = spec.mounts.find((asked) => asked.at === at)?.index ?? 0;
        throw aboutField(`mounts[${index}]`, error);
      });
      dropzones.push({ spec: mount, dropzone });
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { dropzones, release };
}

/** The same room with what was made for it. */
export function withDropzones(resolved: ResolvedSpec, { dropzones }: Held): ResolvedSpec {
  if (dropzones.length === 0) return resolved;
  const mounts = resolved.mounts.map((mount) => {
    const made = dropzones.find(({ spec }) => spec.at === mount.at);
    return made === undefined ? mount : { ...made.spec, fd: made.dropzone.fd };
  });
  return { ...resolved, mounts };
}
