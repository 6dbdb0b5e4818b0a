import type { CheckedSpec } from '../spec/checked.js';
import { RoomError } from '../errors.js';
import type { UsedGeneration } from './resolved-room.js';

/** What is asked of the vault of an Anchor. */
export interface HostVault {
  /** The generation that a reference means, and where it is. Throws ERR_VAULT_…, with words that say nothing of a spec. */
  locate(reference: string): Promise<StoredGeneration>;
  /** Holds a generation; `holder` is what those are told who want to remove it. */
  lease(reference: string, holder: string): Promise<GenerationHold>;
}

/** A generation that is there. */
export interface StoredGeneration {
  /** `kind/name@generation` */
  readonly reference: string;
  /** The file or directory: absolute, and without links as long as nobody exchanged something in the vault. */
  readonly path: string;
}

export interface GenerationHold {
  /** Never fails. */
  release(): Promise<void>;
}

/** Refuses a spec that names something in a vault where there is none. */
export function requireVault({ mounts }: CheckedSpec, vault: HostVault | null): void {
  if (vault !== null) return;
  const mount = mounts.find(({ kind }) => kind === 'vault');
  if (mount === undefined) return;
  const field = `mounts[${mount.index}].vault`;
  throw new RoomError('ERR_ROOM_NO_VAULT', `${field}: the Anchor was opened without a vault`, {
    hint: "Open it with one: Anchor.open({ vault: '/path' }), or anchor run --vault PATH.",
  });
}

/** Finds what a field of a spec names. */
export async function locateStored(
  vault: HostVault,
  field: string,
  reference: string,
): Promise<StoredGeneration> {
  return vault.locate(reference).catch((error: unknown) => {
    throw aboutField(field, error);
  });
}

/** Holds what a spec names. */
export async function holdStored(
  vault: HostVault,
  { field, reference }: UsedGeneration,
  holder: string,
): Promise<GenerationHold> {
  return vault.lease(reference, holder).catch((error: unknown) => {
    throw aboutField(field, error);
  });
}

/** The same error, for who wrote the spec. */
export function aboutField(field: string, error: unknown): unknown {
  if (!(error instanceof RoomError)) return error;
  const { code, message, step, syscall, errno, path, hint } = error;
  const details = { step, syscall, errno, path, hint };
  return new RoomError(code, `${field}: ${message}`, {
    ...(Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined)) as object),
    cause: error,
  });
}
