import type { CheckedSpec } from '../spec/checked.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import { RoomError, type ErrorCode } from '../errors.js';
import type { UsedGeneration } from './resolved-room.js';

/** What is asked of the vault of an Anchor. */
export interface HostVault {
  /** The generation that a reference means, and where it is. Throws ERR_VAULT_…, with words that say nothing of a spec. */
  locate(reference: string): Promise<StoredGeneration>;
  /** Holds a generation; `holder` is what those are told who want to remove it. */
  lease(reference: string, holder: string): Promise<GenerationHold>;
  /** Makes a place to write to for one room. Rejects with a RoomError, and then nothing is left of it. */
  dropzone(order: DropzoneOrder): Promise<HostDropzone>;
  /** Where what rooms have built is. Made where it is missing. */
  nixPlaces(): Promise<NixDirectories>;
  /** A way for one room to hand in what it builds. */
  nixInbox(
    order: Omit<DropzoneOrder, 'kind' | 'checkpoints'> & { readonly shelf: 'cache' | 'layer' },
  ): Promise<HostNixInbox>;
  /** The store that rooms write to themselves. Rejects with ERR_VAULT_IN_USE when another room has it. */
  nixShared(holder: string): Promise<GenerationHold>;
}

/** Directories of a vault with what rooms have built. */
export interface NixDirectories {
  readonly cache: string;
  readonly layer: string;
  readonly registrations: string;
  readonly shared: string;
}

/** A way to hand in store paths, until it is closed. */
export interface HostNixInbox {
  readonly fd: number;
  /** Verifies and keeps what is in it, when nothing of the room runs any more. Never rejects. */
  commit(room: string): Promise<CommittedPaths>;
  /** Never fails. */
  close(): Promise<void>;
}

/** What came of it. */
export interface CommittedPaths {
  readonly kept: readonly { readonly path: string; readonly sha256: string; readonly bytes: number }[];
  readonly refused: readonly RefusedEntry[];
}

export interface DropzoneOrder {
  readonly kind: VaultKind;
  readonly bytes: number;
  /** Ids on the host of who may write to it. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Whether `checkpoint` will be called. */
  readonly checkpoints: boolean;
}

/** A place to write to, until it is closed. */
export interface HostDropzone {
  readonly fd: number;
  /** Brings what is in it into the vault, when nothing of the room runs any more. Never rejects: what is not kept is in the result. */
  collect(how: CollectOrder): Promise<Collected>;
  /** Brings one thing that the room asks to be kept into the vault while the room runs; null: it asks for none. Never rejects. */
  checkpoint(source: CollectOrder['source']): Promise<Collected | null>;
  /** Whatever is in it and was not collected is gone. Never fails. */
  close(): Promise<void>;
}

export interface CollectOrder {
  /** Whether what is kept becomes the active generation of its name. */
  readonly activate: boolean;
  /** What is said of where it came from. */
  readonly source: Readonly<Record<string, unknown>> & {
    readonly type: 'room';
    readonly room: string;
    readonly path: string;
  };
}

/** What came of a dropzone. */
export interface Collected {
  readonly kept: readonly KeptEntry[];
  readonly refused: readonly RefusedEntry[];
}

/** A new generation. */
export interface KeptEntry {
  /** `kind/name@generation` */
  readonly reference: string;
  /** 64 hex digits; of a directory, as meta.json has it. */
  readonly sha256: string;
  /** Bytes of all files. */
  readonly size: number;
}

/** Something that was not kept. */
export interface RefusedEntry {
  /** Its name in the dropzone as JSON has it: what is no printable text is escaped. Empty: all of it. */
  readonly entry: string;
  readonly code: ErrorCode;
  readonly why: string;
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
export function requireVault({ plank, mounts }: CheckedSpec, vault: HostVault | null): void {
  if (vault !== null) return;
  const named = [
    ...(plank.kind === 'vault' ? [{ field: 'plank', reference: plank.reference }] : []),
    ...mounts.flatMap((mount) =>
      mount.kind === 'vault' || mount.kind === 'dropzone'
        ? [
            {
              field: `mounts[${mount.index}].vault`,
              reference: mount.kind === 'vault' ? mount.reference : mount.vault,
            },
          ]
        : [],
    ),
  ];
  const [first] = named;
  if (first === undefined) return;
  throw noVault(first.field, `${first.reference} is something in a vault`);
}

export function noVault(field: string, why: string, also = ''): RoomError {
  return new RoomError('ERR_ROOM_NO_VAULT', `${field}: ${why}, and the Anchor was opened without one`, {
    hint: `Open it with one: Anchor.open({ vault: '/path' }), or anchor run --vault PATH.${also}`,
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

/** What lies in a vault has no link on its way: somebody put one there. */
export function linkInVault(field: string, path: string): RoomError {
  return notAsStored(field, path, 'there is a symbolic link on the way to it, or nothing at its end');
}

export function notAsStored(field: string, path: string, why: string): RoomError {
  return new RoomError('ERR_VAULT_DAMAGED', `${field}: ${path} is not what was stored: ${why}`, {
    path,
    hint: '`anchor vault verify` says what else is; `anchor vault rollback` goes back to a generation that is whole.',
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
