import { basename, dirname, join, resolve } from 'node:path';
import { lstat } from 'node:fs/promises';
import type { Addon } from '../../types/addon.js';
import { RoomError } from '../errors.js';
import { readPlankHeader, type PlankHeader } from '../plank/header.js';
import { child, keysOf, readObject, wrongType, wrongValue } from '../spec/field.js';
import { readText } from '../spec/scalar.js';
import { parseRoomSpec } from '../spec/parse.js';
import { parseSize, type Size } from '../spec/size.js';
import type { RoomSpec } from '../spec/room-spec.js';
import { examineSource, type Source } from '../vault/source.js';
import { isErrno } from '../vault/system-error.js';
import type { Lease } from '../vault/leases.js';
import type { Vault } from '../vault/vault.js';
import type { CapsuleItem } from './contents.js';
import { capsuleSuffix, longestOnFat, payloadPlaces, usualPart } from './layout.js';
import { plankName } from './portable-room.js';
import { vaultSources } from './portable-mounts.js';
import type { Receipt } from './receipt.js';
import { isPlainName, storedPaths } from './stored-names.js';

/** Where something that travels is: a path of this host, or what a vault has. */
export type CapsuleSource = string | { readonly vault: string };

/** What goes into a capsule. */
export interface CapsuleRequest {
  /** `…/NAME.capsule`: is made by this, as a whole or not at all. NAME is a plain one: `a-z 0-9 . _ -`, at most 64. */
  readonly output: string;
  /** No mounts of host directories and no descriptors: they would be others elsewhere. Its `plank` is replaced. */
  readonly room: RoomSpec;
  /** Default: the one of the room. */
  readonly plank?: CapsuleSource;
  /** Name → file or directory. Received as `models/NAME`. What the room mounts of the vault is among them by itself, under its name there. */
  readonly weights?: Readonly<Record<string, CapsuleSource>>;
  /** Directory with flake.nix and flake.lock. All of it is taken but `.git` and `result`. */
  readonly flake?: CapsuleSource;
  /** What a run gave here; a replay is compared with it. */
  readonly expected?: Receipt;
  /** What the processor of another machine has to have, as in /proc/cpuinfo. Default: nothing. */
  readonly cpuFlags?: readonly string[];
  /**
   * Files larger than this are stored in parts of this size; the word `'fat32'`: those that FAT32 does not take (4 GiB and more), in parts of
   * 1 GiB. Default: `'fat32'` where the output is on FAT, otherwise whole files.
   */
  readonly split?: Size;
  /** Path of the SSH key that signs it. Default: nobody does. */
  readonly sign?: string;
  /** `2026-11-21`: what bag-info.txt gives as its date. Default: today, UTC. */
  readonly date?: string;
  /** What `{ vault }` of the sources means; its id and the head of its audit log go along, and the packing is recorded in it. */
  readonly vault?: Vault;
}

export const capsuleRequestKeys = keysOf<CapsuleRequest>({
  output: true,
  room: true,
  plank: true,
  weights: true,
  flake: true,
  expected: true,
  cpuFlags: true,
  split: true,
  sign: true,
  date: true,
  vault: true,
});

/** A file, and where it goes. */
export interface PlannedFile {
  readonly root: string;
  /** Below the root. */
  readonly source: string;
  readonly version: string;
  readonly size: number;
  readonly executable: boolean;
  /** What it was called. */
  readonly path: string;
  /** Below the capsule; of a file in parts, without the suffix. */
  readonly stored: string;
}

export interface PlannedItem extends Omit<CapsuleItem, 'files'> {
  readonly files: readonly PlannedFile[];
}

/** When a file is split, and into what. */
export interface Splitting {
  readonly over: number;
  readonly part: number;
}

/** A request whose sources were found. */
export interface Planned {
  readonly plank: PlannedFile & { readonly header: PlankHeader };
  readonly weights: readonly PlannedItem[];
  readonly flake: PlannedItem | null;
}

/** The least size of parts: with less, a large file would have more parts than there are numbers. */
const leastPart = 1024;

/** Splits `…/NAME.capsule`. */
export function readOutput(output: unknown): { readonly path: string; readonly name: string } {
  const text = readText(output, 'output');
  const path = resolve(text);
  const name = basename(path).slice(0, -capsuleSuffix.length);
  if (basename(path).endsWith(capsuleSuffix) && isPlainName(name)) return { path, name };
  throw wrongValue(
    'output',
    `a path whose last name is NAME${capsuleSuffix}, NAME being 1 to 64 of a-z 0-9 . _ -`,
    text,
  );
}

export function readSplit(split: unknown, onFat: boolean): Splitting | null {
  const fat32 = { over: longestOnFat, part: usualPart };
  if (split === undefined) return onFat ? fat32 : null;
  if (split === 'fat32') return fat32;
  const part = parseSize(split, 'split', leastPart, longestOnFat);
  return { over: part, part };
}

/** Looks at all that is to be packed. `leases` has what of a vault has to stay until it is. */
export async function planCapsule(
  addon: Addon,
  request: CapsuleRequest,
  name: string,
  leases: Lease[],
): Promise<Planned> {
  const find = async (source: unknown, field: string): Promise<string> => {
    if (typeof source === 'string') return readText(source, field);
    const reference = readText(readObject(source, field).get('vault'), child(field, 'vault'));
    if (request.vault === undefined) throw wrongType(field, 'a path, as there is no vault', source);
    const lease = await request.vault.lease(reference, `packing ${name}${capsuleSuffix}`);
    leases.push(lease);
    return lease.path;
  };
  const plankPath = await find(
    request.plank ?? plankOf(request.room),
    request.plank === undefined ? 'room.plank' : 'plank',
  );
  const header = await readPlankHeader(plankPath);
  const plank = itemOf(await examineSource(addon, plankPath), plankName(header.format), payloadPlaces.plank);
  const weights: PlannedItem[] = [];
  for (const [key, source] of readObject(weightsOf(request), 'weights')) {
    const field = child('weights', key);
    if (!isPlainName(key)) throw wrongValue(field, 'a name of 1 to 64 of a-z 0-9 . _ -', key);
    weights.push(itemOf(await examineSource(addon, await find(source, field)), key, payloadPlaces.weights));
  }
  weights.sort((left, right) => (left.name < right.name ? -1 : 1));
  const flake =
    request.flake === undefined ? null : await planFlake(addon, await find(request.flake, 'flake'), name);
  const [plankFile] = plank.files;
  if (plank.type !== 'file' || plankFile === undefined)
    throw wrongValue('plank', 'the image of a room', plankPath);
  return { plank: { ...plankFile, header }, weights, flake };
}

/** Those that are named, and what the room mounts of the vault. */
export function weightsOf({
  room,
  weights = {},
}: Pick<CapsuleRequest, 'room' | 'weights'>): Readonly<Record<string, CapsuleSource>> {
  const mounted = vaultSources(room).map(({ name, reference }) => [name, { vault: reference }] as const);
  return { ...Object.fromEntries(mounted), ...weights };
}

function plankOf(room: RoomSpec): CapsuleSource {
  const { plank } = parseRoomSpec(room);
  if (plank.kind === 'vault') return { vault: plank.reference };
  return plank.kind === 'image' ? plank.path : plank.kind;
}

/** All of a directory: lib/ and anchor.env.json are as much of the declaration as flake.nix is. */
async function planFlake(addon: Addon, directory: string, name: string): Promise<PlannedItem> {
  for (const file of ['flake.lock', 'flake.nix']) await present(join(directory, file));
  const source = await examineSource(addon, directory, notOfFlake);
  return itemOf(source, name, payloadPlaces.flake, payloadPlaces.flake);
}

/** What Nix does not look at, or would if it were not for us: its history, and links to what was built (`nix build` leaves `result`). */
function notOfFlake({ path, kind }: { readonly path: string; readonly kind: string }): boolean {
  const [top = ''] = path.split('/');
  return top === '.git' || (kind === 'link' && /^result(-[\w-]+)?$/.test(path));
}

async function present(path: string): Promise<string> {
  try {
    await lstat(path);
    return path;
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'ENOTDIR')) throw error;
    throw new RoomError(
      'ERR_COURIER_SOURCE',
      `${dirname(path)} is no flake that can be packed: it has no ${basename(path)}`,
      {
        path,
        hint: 'flake.lock is what makes the declaration mean the same elsewhere: `nix flake lock`.',
      },
    );
  }
}

/** What is planned of a source, below a place of the bag; files of a directory are below a name there, unless `below` says where. */
export function itemOf(
  { type, root, files, emptyDirectories }: Source,
  name: string,
  place: string,
  below = `${place}/${name}`,
): PlannedItem {
  const names = storedPaths(files.map(({ path }) => path));
  const planned = files.map(({ source, path, version, size, executable }) => ({
    root,
    source,
    version,
    size,
    executable,
    path: type === 'file' ? name : path,
    stored: type === 'file' ? `${place}/${name}` : `${below}/${names.get(path) ?? path}`,
  }));
  return { name, type, files: planned, emptyDirectories };
}
