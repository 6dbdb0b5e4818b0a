import type { FileHandle } from 'node:fs/promises';
import type { Addon } from '../../types/addon.js';
import { requireSignal } from '../abort.js';
import { loadAddon } from '../addon/load.js';
import { RoomError } from '../errors.js';
import type { RoomSpec } from '../spec/room-spec.js';
import { isErrno, systemError } from '../vault/system-error.js';
import { runTransfer, type TransferOptions } from '../vault/transfer.js';
import { capsuleKind, type BagKind } from './bag-kind.js';
import { changed, readRoom, readTags } from './check.js';
import type { CapsuleContents } from './contents.js';
import { openRoot, pathIn, readInside } from './inside.js';
import { signatureName, tagManifestName, unfinishedSuffix } from './layout.js';
import { listCapsule, type Listing } from './listing.js';
import type { ManifestEntry } from './manifest.js';
import { problem, shown } from './problem.js';
import { checkSignature, longestSignature, type CapsuleSignature } from './signature.js';

/** What is known about a bag (a capsule or a parcel) once all of it was read. */
export interface BagVerification<C> {
  readonly path: string;
  /** Nothing in `problems`. A signature need not be there, see `signature`. */
  readonly ok: boolean;
  /** SHA-256 of the manifest: the same content has the same id. null where there is none. */
  readonly id: string | null;
  /** Of the payload, as listed and there. */
  readonly files: number;
  readonly bytes: number;
  /** What it is made of; null where capsule.json or parcel.json cannot be read. */
  readonly contents: C | null;
  readonly signature: CapsuleSignature;
  /** When, and from which vault with which history, it was packed. */
  readonly date: string | null;
  readonly vaultId: string | null;
  readonly auditHead: string | null;
  /** Each with a code ERR_COURIER_… and the path in the capsule. */
  readonly problems: readonly RoomError[];
}

/** What is known about a capsule after {@link verifyCapsule}. */
export interface CapsuleVerification extends BagVerification<CapsuleContents> {
  /** The spec of its room. */
  readonly room: RoomSpec | null;
}

export interface VerifyCapsuleOptions extends TransferOptions {
  /** File of allowed signers, ssh-keygen(1): a signature has to be there and by one of them. */
  readonly signers?: string;
}

/** A bag that was verified and is still open: what is read from it later is read from the same directory. */
export interface OpenBag<V> {
  readonly root: FileHandle;
  readonly listing: Listing;
  readonly verification: V;
}

/**
 * Reads all of a capsule back from its disk, past the page cache, and compares it with what it says of itself: the exact set of files, each of
 * their hashes, that the tag files agree with each other, and the signature. Nothing outside of it is read, whatever is in it.
 *
 * @returns a report, also for a capsule that is damaged.
 * @throws RoomError ERR_COURIER_NOT_CAPSULE where there is none, ERR_COURIER_TOOL; the reason of the signal.
 */
export async function verifyCapsule(
  path: string,
  options: VerifyCapsuleOptions = {},
): Promise<CapsuleVerification> {
  return withCapsule(path, options, ({ verification }) => Promise.resolve(verification));
}

/** The same, and something more with it while it is open. Of the payload the spec is read as well. */
export async function withCapsule<T>(
  path: string,
  options: VerifyCapsuleOptions,
  use: (capsule: OpenBag<CapsuleVerification>) => Promise<T>,
): Promise<T> {
  return withBag(capsuleKind, path, options, async ({ root, listing, verification }) => {
    const { contents, problems } = verification;
    const room = contents === null ? null : await readRoom(root, contents, listing);
    const all = room instanceof RoomError ? [...problems, room] : problems;
    return use({
      root,
      listing,
      verification: {
        ...verification,
        ok: all.length === 0,
        room: room instanceof RoomError ? null : room,
        problems: all,
      },
    });
  });
}

/** Verifies a bag of a kind, and does something with it while it is open. */
export async function withBag<C, T>(
  kind: BagKind<C>,
  path: string,
  options: VerifyCapsuleOptions,
  use: (bag: OpenBag<BagVerification<C>>) => Promise<T>,
): Promise<T> {
  requireSignal(options.signal);
  options.signal?.throwIfAborted();
  const { addon } = loadAddon();
  const root = await openRoot(path).catch((error: unknown) => {
    throw notThere(path, error);
  });
  try {
    const listing = await listCapsule(addon, pathIn(root));
    requireCapsule(path, listing);
    return await use({
      root,
      listing,
      verification: await verifyOpen(kind, addon, path, root, listing, options),
    });
  } finally {
    await root.close();
  }
}

async function verifyOpen<C>(
  kind: BagKind<C>,
  addon: Addon,
  path: string,
  root: FileHandle,
  listing: Listing,
  options: VerifyCapsuleOptions,
): Promise<BagVerification<C>> {
  const tags = await readTags(kind, root, listing);
  const { id, contents, info, payload } = tags;
  const signature = await signatureOf(root, listing, tags.tagManifest, options);
  const wrong = await comparePayload(addon, root, listing, payload, options);
  const problems = [
    ...listing.problems,
    ...tags.problems,
    ...wrong,
    ...(signature instanceof RoomError ? [signature] : []),
  ];
  return {
    path,
    ok: problems.length === 0,
    id,
    files: payload.length,
    bytes: bytesOf(payload, listing),
    contents,
    signature: signature instanceof RoomError ? { state: 'refused' } : signature,
    date: info?.date ?? null,
    vaultId: info?.vaultId ?? null,
    auditHead: info?.auditHead ?? null,
    problems,
  };
}

async function comparePayload(
  addon: Addon,
  root: FileHandle,
  { files }: Listing,
  payload: readonly ManifestEntry[],
  options: TransferOptions,
): Promise<RoomError[]> {
  const order = {
    root: pathIn(root),
    files: payload.map(({ path }) => ({
      source: path,
      target: '',
      expected: files.get(path)?.version ?? '',
      mode: 0,
    })),
    sha256: true,
    blake3: false,
    sparse: false,
    pastCache: true,
  };
  const total = bytesOf(payload, { files });
  try {
    const results = await runTransfer(addon, order, { phase: 'verify', total }, options);
    return payload.filter(({ sha256 }, i) => results[i]?.sha256 !== sha256).map(({ path }) => changed(path));
  } catch (error) {
    // A device that cannot read it back, or somebody who changes it meanwhile.
    if (error instanceof RoomError)
      return [
        problem('ERR_COURIER_DIGEST', error.path ?? '.', `cannot be read: ${error.message}`, error.hint),
      ];
    throw error;
  }
}

async function signatureOf(
  root: FileHandle,
  { files }: Listing,
  signed: Uint8Array | null,
  { signers, signal }: VerifyCapsuleOptions,
): Promise<CapsuleSignature | RoomError> {
  if (!files.has(signatureName)) {
    if (signers === undefined) return { state: 'absent' };
    return problem('ERR_COURIER_UNTRUSTED', signatureName, 'is missing: nobody signed the capsule');
  }
  const signature = await readInside(root, signatureName, longestSignature);
  if (typeof signature === 'string') return problem('ERR_COURIER_SIGNATURE', signatureName, signature);
  if (signed === null) return problem('ERR_COURIER_SIGNATURE', signatureName, 'signs what cannot be read');
  return checkSignature(signed, signature, signers, signal);
}

function bytesOf(payload: readonly ManifestEntry[], { files }: Pick<Listing, 'files'>): number {
  return payload.reduce((sum, { path }) => sum + (files.get(path)?.size ?? 0), 0);
}

function requireCapsule(path: string, { files, refused }: Listing): void {
  if (files.has(tagManifestName) || refused.has(tagManifestName)) return;
  const unfinished = path.replace(/\/+$/, '').endsWith(unfinishedSuffix);
  throw new RoomError(
    'ERR_COURIER_NOT_CAPSULE',
    `${shown(path)} is no capsule: ${unfinished ? 'it was never finished' : `it has no ${tagManifestName}, which is written last`}`,
    { path, hint: 'Copy it again from where it came, or pack it again.' },
  );
}

function notThere(path: string, error: unknown): unknown {
  if (!isErrno(error, 'ENOENT') && !isErrno(error, 'ENOTDIR'))
    return systemError('vault.source', path, error);
  const why = isErrno(error, 'ENOENT') ? 'it does not exist' : 'it is no directory';
  return new RoomError('ERR_COURIER_NOT_CAPSULE', `${shown(path)} is no capsule: ${why}`, {
    path,
    cause: error,
  });
}
