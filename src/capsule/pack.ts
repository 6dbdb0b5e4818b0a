import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Addon } from '../../types/addon.js';
import { requireSignal } from '../abort.js';
import { loadAddon } from '../addon/load.js';
import { RoomError } from '../errors.js';
import type { RoomSpec } from '../spec/room-spec.js';
import { readFields, wholeSpec, wrongValue } from '../spec/field.js';
import { removeTree, renameOnDisk, writeNew } from '../vault/durable.js';
import { recorded, recorder } from '../vault/recorded.js';
import { attempt, isErrno } from '../vault/system-error.js';
import type { Lease } from '../vault/leases.js';
import type { TransferOptions } from '../vault/transfer.js';
import { capsuleKind } from './bag-kind.js';
import { contentsText, type CapsuleContents, type CapsuleFile, type CapsuleItem } from './contents.js';
import { expectedOf } from './expected.js';
import { copyPlanned } from './copy-planned.js';
import { mostFiles, payloadPlaces, roomSpecName, unfinishedSuffix } from './layout.js';
import { readMachine } from './machine.js';
import {
  capsuleRequestKeys,
  planCapsule,
  readOutput,
  readSplit,
  weightsOf,
  type CapsuleRequest,
  type Planned,
  type PlannedFile,
  type PlannedItem,
} from './pack-request.js';
import { portableRoom, roomText } from './portable-room.js';
import { readBack, syncDirectories } from './on-disk.js';
import { readmeText } from './readme.js';
import { shown } from './problem.js';
import { isStoredPath, mostParts } from './stored-names.js';
import { writeTags } from './write-tags.js';

/** A capsule that was packed. */
export interface PackedCapsule {
  readonly path: string;
  /** SHA-256 of its manifest. */
  readonly id: string;
  readonly name: string;
  /** Of the payload. */
  readonly files: number;
  readonly bytes: number;
  /** Files that are in parts. */
  readonly split: number;
  readonly signed: boolean;
  readonly contents: CapsuleContents;
  readonly room: RoomSpec;
}

const fatMagic = 0x4d44;

/**
 * Packs a room with its plank, weights and flake into a directory that is a BagIt 1.0 bag. It is written under another name, brought to
 * the disk, read back from there past the page cache, compared, and only then called as it was asked for. The same content gives the same
 * bytes, but for the date.
 *
 * @throws SpecTypeError, SpecRangeError for a request that is wrong; RoomError ERR_COURIER_SOURCE, ERR_COURIER_TARGET, ERR_COURIER_TOOL,
 * ERR_COURIER_SIGNATURE, and those of reading and writing, ERR_VAULT_…; the reason of the signal. Then nothing of it is left.
 */
export async function packCapsule(
  request: CapsuleRequest,
  options: TransferOptions = {},
): Promise<PackedCapsule> {
  requireSignal(options.signal);
  options.signal?.throwIfAborted();
  readFields(request, wholeSpec, capsuleRequestKeys);
  const { path, name } = readOutput(request.output);
  const date = readDate(request.date);
  // What is wrong with it is to be said before gigabytes are copied; its plank has no digest yet.
  portableRoom(request.room, { format: 'squashfs', sha256: '0'.repeat(64) }, Object.keys(weightsOf(request)));
  const { addon } = loadAddon();
  const leases: Lease[] = [];
  const say = recorder(request.vault, { operation: 'pack', transaction: randomUUID(), to: path });
  try {
    const planned = await planCapsule(addon, request, name, leases);
    return await recorded(say, null, () => packInto(addon, request, planned, { path, name, date }, options));
  } finally {
    for (const lease of leases) await lease.release();
  }
}

interface Destination {
  readonly path: string;
  readonly name: string;
  readonly date: string;
}

async function packInto(
  addon: Addon,
  request: CapsuleRequest,
  planned: Planned,
  destination: Destination,
  options: TransferOptions,
): Promise<PackedCapsule> {
  const { path } = destination;
  const place = await attempt('vault.target', path, () => statfs(dirname(path)));
  const splitting = readSplit(request.split, place.type === fatMagic);
  const all = [
    planned.plank,
    ...(planned.flake?.files ?? []),
    ...planned.weights.flatMap(({ files }) => files),
  ];
  refuseUnstorable(all);
  const total = all.reduce((sum, { size }) => sum + size, 0);
  if (total > place.bavail * place.bsize) throw full(path, total, place.bavail * place.bsize);
  const longest = all.reduce((most, { size }) => Math.max(most, size), 0);
  if (splitting !== null && longest > splitting.part * mostParts)
    throw wrongValue('split', `parts of which ${mostParts} hold ${longest} bytes`, request.split);
  await refuseExisting(path);
  const unfinished = `${path}${unfinishedSuffix}`;
  await attempt('vault.target', unfinished, () => mkdir(unfinished)).catch((error: unknown) => {
    throw isErrno((error as Error).cause, 'EEXIST') ? leftOver(unfinished) : error;
  });
  try {
    const copied = await copyPlanned(addon, all, unfinished, splitting, { ...options, total });
    const packed = await finish(addon, request, planned, copied, unfinished, destination, options);
    await refuseExisting(path);
    await attempt('vault.target', path, () => renameOnDisk(unfinished, path));
    return packed;
  } catch (error) {
    await removeTree(unfinished).catch(() => undefined);
    throw error;
  }
}

/** The spec, the tag files, the signature; then all of it is read back. */
async function finish(
  addon: Addon,
  request: CapsuleRequest,
  planned: Planned,
  copied: ReadonlyMap<PlannedFile, CapsuleFile>,
  directory: string,
  { path, name, date }: Destination,
  options: TransferOptions,
): Promise<PackedCapsule> {
  const { format, compression } = planned.plank.header;
  const plank = { ...fileOf(copied, planned.plank), format, compression };
  const weights = planned.weights.map((item) => itemOf(copied, item));
  const room = portableRoom(
    request.room,
    plank,
    weights.map(({ name: weight }) => weight),
  );
  const spec = roomText(room);
  const specPath = `${payloadPlaces.room}/${roomSpecName}`;
  await mkdir(join(directory, payloadPlaces.room), { recursive: true });
  await attempt('vault.target', specPath, () => writeNew(join(directory, specPath), spec, 0o644));
  const specPiece = { path: specPath, size: Buffer.byteLength(spec), sha256: sha256Of(spec) };
  const contents: CapsuleContents = {
    capsule: 1,
    name,
    room: {
      path: roomSpecName,
      size: specPiece.size,
      sha256: specPiece.sha256,
      executable: false,
      pieces: [specPiece],
    },
    plank,
    weights,
    flake: planned.flake === null ? null : itemOf(copied, planned.flake),
    requires: { arch: readMachine().arch, cpuFlags: [...(request.cpuFlags ?? [])].sort() },
    expected: expectedOf(request.expected, { room, plank: plank.sha256, weights }),
  };
  const { id, written, pieces, bytes } = await writeTags(directory, capsuleKind, contents, {
    contentsText: contentsText(contents),
    readme: readmeText(contents),
    date,
    vault: request.vault,
    sign: request.sign,
    signal: options.signal,
  });
  await syncDirectories(directory, [...written.keys()]);
  await readBack(addon, directory, written, bytes, options);
  const split = [...copied.values()].filter((file) => file.pieces.length > 1).length;
  return {
    path,
    id,
    name,
    files: pieces.length,
    bytes,
    split,
    signed: request.sign !== undefined,
    contents,
    room,
  };
}

/** What was planned, once it was copied. */
export function itemOf(
  copied: ReadonlyMap<PlannedFile, CapsuleFile>,
  { name, type, files, emptyDirectories }: PlannedItem,
): CapsuleItem {
  return { name, type, files: files.map((file) => fileOf(copied, file)), emptyDirectories };
}

function fileOf(copied: ReadonlyMap<PlannedFile, CapsuleFile>, file: PlannedFile): CapsuleFile {
  const found = copied.get(file);
  if (found === undefined) throw new Error(`${file.source} was not copied`);
  return found;
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What could be written, and then not be received. */
export function refuseUnstorable(files: readonly PlannedFile[]): void {
  const why = files.length >= mostFiles ? `there are more than ${mostFiles} files` : null;
  const deep = files.find(({ stored }) => !isStoredPath(stored));
  if (why === null && deep === undefined) return;
  throw new RoomError(
    'ERR_COURIER_SOURCE',
    `cannot pack it: ${why ?? `${shown(deep?.path ?? '')} lies too deep`}`,
    {
      path: deep?.path ?? '',
      hint: 'Pack it into one file (a tar, a plank) first.',
    },
  );
}

/** Throws SpecRangeError. */
export function readDate(value: unknown): string {
  if (value === undefined) return new Date().toISOString().slice(0, 10);
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)) return value;
  throw wrongValue('date', 'a date such as "2026-11-21"', value);
}

/** Throws ERR_COURIER_TARGET. */
export async function refuseExisting(path: string): Promise<void> {
  const there = await lstat(path).then(
    () => true,
    (error: unknown) => !isErrno(error, 'ENOENT'),
  );
  if (there)
    throw new RoomError('ERR_COURIER_TARGET', `${path} is there already`, {
      path,
      hint: 'A capsule is never changed: pack another one, or remove it.',
    });
}

function leftOver(path: string): RoomError {
  return new RoomError(
    'ERR_COURIER_TARGET',
    `${path} is there: somebody packs the same capsule, or was killed while packing it`,
    {
      path,
      hint: 'If nobody does, remove it.',
    },
  );
}

function full(path: string, needed: number, free: number): RoomError {
  return new RoomError(
    'ERR_VAULT_NO_SPACE',
    `${dirname(path)} has ${free} bytes left, and the capsule needs ${needed}`,
    { path },
  );
}
