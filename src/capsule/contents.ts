import { createHash } from 'node:crypto';
import type { RoomError } from '../errors.js';
import { child, readArray, readFields, wrongValue } from '../spec/field.js';
import { readFlag, readInteger, readText } from '../spec/scalar.js';
import type { PlankFormat } from '../plank/header.js';
import { refusedName } from '../vault/file-names.js';
import { mostFiles, payloadPlaces, tagFiles } from './layout.js';
import { compareBytes, type ManifestEntry } from './manifest.js';
import { parseOneText } from './one-text.js';
import { parseReceipt, readHex, type Receipt } from './receipt.js';
import { isPartName, isPlainName, isStoredPath, mostParts, partName } from './stored-names.js';

/** A payload file as it is stored: a whole file, or a part of one. */
export interface CapsulePiece {
  /** Below the capsule: `data/weights/tiny.gguf`. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** A file that travels. */
export interface CapsuleFile {
  /** What it was called, below the thing it belongs to; the name of the thing itself where that is one file. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly executable: boolean;
  /** One, or its parts in order. */
  readonly pieces: readonly CapsulePiece[];
}

/** A file or directory that a vault keeps under a name. */
export interface CapsuleItem {
  readonly name: string;
  readonly type: 'file' | 'tree';
  readonly files: readonly CapsuleFile[];
  /** Directories without files; a bag has none. */
  readonly emptyDirectories: readonly string[];
}

/** capsule.json: what the payload is. */
export interface CapsuleContents {
  readonly capsule: 1;
  readonly name: string;
  readonly room: CapsuleFile;
  readonly plank: CapsuleFile & { readonly format: PlankFormat; readonly compression: string };
  readonly weights: readonly CapsuleItem[];
  readonly flake: CapsuleItem | null;
  /** What a machine has to be for it. */
  readonly requires: { readonly arch: string; readonly cpuFlags: readonly string[] };
  /** What a run gave where it was packed. */
  readonly expected: Receipt | null;
}

/** Pure. */
export function contentsText(contents: CapsuleContents): string {
  return `${JSON.stringify(contents, null, 2)}\n`;
}

/** All files that travel. */
export function filesOf({ room, plank, weights, flake }: CapsuleContents): readonly CapsuleFile[] {
  return [room, plank, ...(flake?.files ?? []), ...weights.flatMap(({ files }) => files)];
}

export function piecesOf(files: readonly CapsuleFile[]): readonly CapsulePiece[] {
  return files.flatMap(({ pieces }) => pieces);
}

/** What `sha256sum` says of each file once its parts were put together with `cat`, for files in parts; see README.txt. */
export function assembledEntries(files: readonly CapsuleFile[]): readonly ManifestEntry[] {
  return files.map(({ sha256, pieces }) => ({ sha256, path: wholePath(pieces) }));
}

/** Where a file is once its parts were put together. */
export function wholePath(pieces: readonly CapsulePiece[]): string {
  const path = pieces[0]?.path ?? '';
  return pieces.length > 1 ? path.replace(/\.part-[0-9]{4}$/, '') : path;
}

/** SHA-256 of a file; of a directory, of what `sha256sum` prints for its files in the order of their bytes, as in a vault's meta.json. */
export function itemDigest({ type, files }: CapsuleItem): string {
  if (type === 'file') return files[0]?.sha256 ?? '';
  return createHash('sha256').update(treeText(files)).digest('hex');
}

/** What a receipt names the weights of a capsule by. */
export function weightDigests({
  weights,
}: Pick<CapsuleContents, 'weights'>): Readonly<Record<string, string>> {
  return Object.fromEntries(weights.map((item) => [item.name, itemDigest(item)]));
}

function treeText(files: readonly CapsuleFile[]): string {
  return [...files]
    .sort((left, right) => compareBytes(left.path, right.path))
    .map(({ sha256, path }) => `${sha256}  ${path}\n`)
    .join('');
}

/** What capsule.json says, or what is wrong with it. Pure. */
export function parseContents(bytes: Uint8Array): CapsuleContents | RoomError {
  return parseOneText(bytes, {
    file: tagFiles.contents,
    version: 'capsule',
    read: readContents,
    write: contentsText,
  });
}

function readContents(value: unknown): CapsuleContents {
  const keys = ['capsule', 'name', 'room', 'plank', 'weights', 'flake', 'requires', 'expected'] as const;
  const fields = readFields(value, 'contents', keys);
  readInteger(fields.capsule, 'capsule', 1, 1);
  const { format, compression, ...plankFile } = readFields(fields.plank, 'plank', [
    ...fileKeys,
    'format',
    'compression',
  ]);
  const requires = readFields(fields.requires, 'requires', ['arch', 'cpuFlags']);
  const weights = readArray(fields.weights, 'weights').map((item, i) =>
    readItem(item, `weights[${i}]`, payloadPlaces.weights),
  );
  const names = weights.map(({ name }) => name);
  if (new Set(names).size !== names.length) throw wrongValue('weights', 'each name once', names, 'one twice');
  return {
    capsule: 1,
    name: readName(fields.name, 'name'),
    room: readFile(fields.room, 'room', payloadPlaces.room),
    plank: {
      ...readFile({ ...plankFile }, 'plank', payloadPlaces.plank),
      format: readFormat(format, 'plank.format'),
      compression: readWordOf(compression, 'plank.compression'),
    },
    weights,
    flake: fields.flake === null ? null : readItem(fields.flake, 'flake', payloadPlaces.flake),
    requires: {
      arch: readWordOf(requires.arch, 'requires.arch'),
      cpuFlags: readArray(requires.cpuFlags, 'requires.cpuFlags').map((flag, i) =>
        readWordOf(flag, `requires.cpuFlags[${i}]`),
      ),
    },
    expected: fields.expected === null ? null : parseReceipt(fields.expected, 'expected'),
  };
}

/** Throws SpecTypeError, SpecRangeError. */
export function readItem(value: unknown, field: string, place: string): CapsuleItem {
  const fields = readFields(value, field, ['name', 'type', 'files', 'emptyDirectories']);
  const type = fields.type;
  if (type !== 'file' && type !== 'tree') throw wrongValue(child(field, 'type'), '"file" or "tree"', type);
  const at = child(field, 'files');
  const files = readArray(fields.files, at).map((file, i) => readFile(file, `${at}[${i}]`, place));
  if (files.length > mostFiles) throw wrongValue(at, `at most ${mostFiles} files`, files);
  if (type === 'file' && files.length !== 1) throw wrongValue(at, 'one file', files);
  const emptyAt = child(field, 'emptyDirectories');
  const emptyDirectories = readArray(fields.emptyDirectories, emptyAt).map((path, i) =>
    readOriginal(path, `${emptyAt}[${i}]`),
  );
  const paths = [...files.map(({ path }) => path), ...emptyDirectories];
  refuseOverlap(paths, at);
  return { name: readName(fields.name, child(field, 'name')), type, files, emptyDirectories };
}

/** A path that is there twice, or a file that another has as its directory. */
function refuseOverlap(paths: readonly string[], field: string): void {
  const all = new Set(paths);
  if (all.size !== paths.length) throw wrongValue(field, 'each path once', paths, 'one twice');
  for (const path of paths) {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      if (all.has(path.slice(0, at)))
        throw wrongValue(field, 'files that are no directories of others', path);
    }
  }
}

const fileKeys = ['path', 'size', 'sha256', 'executable', 'pieces'] as const;

function readFile(value: unknown, field: string, place: string): CapsuleFile {
  const fields = readFields(value, field, fileKeys);
  const at = child(field, 'pieces');
  const pieces = readArray(fields.pieces, at).map((piece, i) => readPiece(piece, `${at}[${i}]`, place));
  const size = readInteger(fields.size, child(field, 'size'), 0, Number.MAX_SAFE_INTEGER);
  const sha256 = readHex(fields.sha256, child(field, 'sha256'));
  const [first] = pieces;
  if (first === undefined || pieces.length > mostParts)
    throw wrongValue(at, `1 to ${mostParts} pieces`, pieces);
  if (pieces.length === 1 && first.sha256 !== sha256)
    throw wrongValue(at, 'the hash of the file', first.sha256);
  if (pieces.reduce((sum, piece) => sum + piece.size, 0) !== size)
    throw wrongValue(at, `pieces of ${size} bytes in all`, pieces);
  const whole = wholePath(pieces);
  const named = pieces.every(({ path }, i) => path === (pieces.length === 1 ? whole : partName(whole, i)));
  if (!named || !isStoredPath(whole) || isPartName(whole))
    throw wrongValue(at, 'a file, or its parts from .part-0000 on', first.path);
  const path = readOriginal(fields.path, child(field, 'path'));
  return {
    path,
    size,
    sha256,
    executable: readFlag(fields.executable, child(field, 'executable'), false),
    pieces,
  };
}

function readPiece(value: unknown, field: string, place: string): CapsulePiece {
  const fields = readFields(value, field, ['path', 'size', 'sha256']);
  const path = readText(fields.path, child(field, 'path'));
  if (!path.startsWith(`${place}/`) || !isStoredPath(path))
    throw wrongValue(child(field, 'path'), `a plain path below ${place}`, path);
  return {
    path,
    size: readInteger(fields.size, child(field, 'size'), 0, Number.MAX_SAFE_INTEGER),
    sha256: readHex(fields.sha256, child(field, 'sha256')),
  };
}

/** A path that is made again where the capsule is received: it stays below the place it is joined to. */
function readOriginal(value: unknown, field: string): string {
  const path = readText(value, field);
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..'))
    throw wrongValue(field, 'a path that stays below', path);
  const fault = refusedName(Buffer.from(path));
  if (fault !== null) throw wrongValue(field, 'a name that a vault keeps', path, fault);
  return path;
}

export function readName(value: unknown, field: string): string {
  const name = readText(value, field);
  if (isPlainName(name)) return name;
  throw wrongValue(field, 'a name of a-z 0-9 . _ -', name);
}

function readFormat(value: unknown, field: string): PlankFormat {
  if (value === 'squashfs' || value === 'erofs') return value;
  throw wrongValue(field, '"squashfs" or "erofs"', value);
}

function readWordOf(value: unknown, field: string): string {
  const word = readText(value, field);
  if (/^[\w.+-]{1,64}$/.test(word)) return word;
  throw wrongValue(field, 'a word', word);
}
