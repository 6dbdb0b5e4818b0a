import {
  aboutField,
  holdStored,
  type GenerationHold,
  type HostNixInbox,
  type HostVault,
} from '../host/vault.js';
import type { ResolvedSpec } from '../host/resolved-room.js';
import type { RoomPlace } from '../host/places.js';
import { hostId } from '../plan/mounts.js';
import type { CheckpointWatch } from './checkpoints.js';
import { collectDropzones, type HeldDropzone } from './dropzones.js';
import { collectNix } from './nix.js';
import type { Outcome } from './outcome.js';

/** What a room holds of the vault for as long as there is anything of it. */
export interface Held {
  readonly dropzones: readonly HeldDropzone[];
  /** Where it hands in what Nix builds. */
  readonly inbox: HostNixInbox | null;
  /** Never fails. */
  release(): Promise<void>;
}

/** Nearly every room. */
export const nothingHeld: Held = Object.freeze({
  dropzones: [],
  inbox: null,
  release: () => Promise.resolve(),
});

/** Whether a room holds anything. */
export function needsVault({ used, mounts, nix }: ResolvedSpec): boolean {
  if (nix !== null && (nix.inbox !== null || nix.exclusive)) return true;
  return used.length > 0 || mounts.some(({ kind }) => kind === 'dropzone');
}

/** Holds all of what a room uses and makes what it may write to, or nothing. */
export async function holdOfVault(
  vault: HostVault | null,
  { spec, used, mounts, user, nix }: ResolvedSpec,
  { id, identity }: RoomPlace,
): Promise<Held> {
  if (vault === null) throw new Error('a spec that names a vault was not refused');
  const holds: GenerationHold[] = [];
  const dropzones: HeldDropzone[] = [];
  let inbox: HostNixInbox | null = null;
  const release = async (): Promise<void> => {
    await inbox?.close();
    await Promise.all(dropzones.splice(0).map(({ dropzone }) => dropzone.close()));
    await Promise.all(holds.splice(0).map((hold) => hold.release()));
  };
  try {
    for (const generation of used) holds.push(await holdStored(vault, generation, `room ${id}`));
    const owner = { uid: hostId(identity, user.uid), gid: hostId(identity, user.gid) };
    if (nix?.exclusive === true) holds.push(await vault.nixShared(`room ${id}`).catch(aboutNix));
    if (nix !== null && nix.inbox !== null)
      inbox = await vault.nixInbox({ ...nix.inbox, owner }).catch(aboutNix);
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
  return { dropzones, inbox, release };
}

function aboutNix(error: unknown): never {
  throw aboutField('nix', error);
}

/** The same room with what was made for it. */
export function withDropzones(resolved: ResolvedSpec, { dropzones, inbox }: Held): ResolvedSpec {
  if (dropzones.length === 0 && inbox === null) return resolved;
  const mounts = resolved.mounts.map((mount) => {
    if (mount.kind === 'nix-inbox') return { ...mount, fd: inbox?.fd ?? -1 };
    const made = dropzones.find(({ spec }) => spec.at === mount.at);
    return made === undefined ? mount : { ...made.spec, fd: made.dropzone.fd };
  });
  return { ...resolved, mounts };
}

/** What brings into the vault what a room leaves; null: nothing does. */
export function collectorOf(
  { dropzones, inbox }: Held,
  room: string,
  checkpoints: CheckpointWatch,
): ((outcome: Outcome) => Promise<Outcome>) | null {
  if (dropzones.length === 0 && inbox === null) return null;
  return async (outcome) => {
    const collected =
      dropzones.length === 0 ? outcome : await collectDropzones(dropzones, outcome, room, checkpoints);
    return inbox === null ? collected : collectNix(inbox, collected, room);
  };
}
