import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { RoomError } from '../errors.js';
import type { RoomSpec } from '../spec/room-spec.js';
import { parseBagInfo, type BagInfo } from './bag-info.js';
import type { BagKind } from './bag-kind.js';
import { assembledEntries, piecesOf, type CapsuleContents, type CapsuleFile } from './contents.js';
import { readInside } from './inside.js';
import {
  declarationText,
  longestSpec,
  longestTagFile,
  signatureName,
  tagFiles,
  tagManifestName,
} from './layout.js';
import type { Listing } from './listing.js';
import { manifestText, parseManifest, type ManifestEntry } from './manifest.js';
import { portableRoom, roomText } from './portable-room.js';
import { problem } from './problem.js';

/** What the tag files of a bag say, as far as they say anything. */
export interface TagReading<C> {
  readonly problems: readonly RoomError[];
  /** SHA-256 of manifest-sha256.txt: names the content. */
  readonly id: string | null;
  readonly info: BagInfo | null;
  readonly contents: C | null;
  /** Payload files that are listed, and are there as regular files. */
  readonly payload: readonly ManifestEntry[];
  /** What is signed. */
  readonly tagManifest: Uint8Array | null;
}

/** Compares all tag files with each other, and with what is there. */
export async function readTags<C>(
  kind: BagKind<C>,
  root: FileHandle,
  listing: Listing,
): Promise<TagReading<C>> {
  const problems: RoomError[] = [];
  const names = Object.values({ ...tagFiles, contents: kind.contentsName });
  const read = async (name: string): Promise<Uint8Array | null> => {
    if (!listing.files.has(name)) return null;
    const bytes = await readInside(root, name, longestTagFile);
    if (typeof bytes !== 'string') return bytes;
    problems.push(problem('ERR_COURIER_TAG_FILE', name, bytes));
    return null;
  };
  const tagManifest = await read(tagManifestName);
  const tags = tagManifest === null ? null : parseManifest(tagManifest, tagManifestName, '');
  problems.push(...(tags?.problems ?? []));
  const listed = new Map(tags?.entries.map(({ path, sha256 }) => [path, sha256]));

  const texts = new Map<string, Uint8Array>();
  for (const name of names) {
    const bytes = await read(name);
    if (bytes !== null) texts.set(name, bytes);
    else if (!listing.files.has(name) && !listing.refused.has(name)) problems.push(missing(name));
    const sha256 = listed.get(name);
    listed.delete(name);
    // A tag manifest with a fault in it has said so.
    if (sha256 === undefined && tags?.problems.length === 0)
      problems.push(problem('ERR_COURIER_TAG_FILE', tagManifestName, `does not list ${name}`));
    if (bytes !== null && sha256 !== undefined && sha256Of(bytes) !== sha256) problems.push(changed(name));
  }
  for (const path of listed.keys())
    problems.push(
      problem(
        'ERR_COURIER_TAG_FILE',
        tagManifestName,
        `lists ${JSON.stringify(path)}, which is no tag file of such a bag`,
      ),
    );

  const take = <T>(name: string, parse: (bytes: Uint8Array) => T | RoomError): T | null => {
    const bytes = texts.get(name);
    const result = bytes === undefined ? null : parse(bytes);
    if (!(result instanceof RoomError)) return result;
    problems.push(result);
    return null;
  };
  take(tagFiles.declaration, (bytes) =>
    Buffer.from(bytes).toString('latin1') === declarationText
      ? true
      : problem('ERR_COURIER_TAG_FILE', tagFiles.declaration, 'does not declare BagIt 1.0 in UTF-8'),
  );
  const info = take(tagFiles.info, (bytes) => parseBagInfo(bytes, kind.profile));
  const manifestBytes = texts.get(tagFiles.manifest);
  const manifest =
    manifestBytes === undefined ? null : parseManifest(manifestBytes, tagFiles.manifest, 'data/');
  problems.push(...(manifest?.problems ?? []));
  const contents = take(kind.contentsName, kind.parse);
  const files = contents === null ? null : kind.filesOf(contents);

  if (manifest !== null) problems.push(...compareSets(manifest.entries, listing, names));
  if (info !== null) problems.push(...compareOxum(info, listing));
  if (files !== null && manifest?.problems.length === 0)
    problems.push(...compareContents(files, kind.contentsName, manifest.entries, listing));
  const assembled = texts.get(tagFiles.assembled);
  if (
    files !== null &&
    assembled !== undefined &&
    Buffer.from(assembled).toString() !== manifestText(assembledEntries(files))
  )
    problems.push(
      problem('ERR_COURIER_CONTENT', tagFiles.assembled, `says other hashes than ${kind.contentsName}`),
    );

  const payload = (manifest?.entries ?? []).filter(({ path }) => listing.files.has(path));
  return {
    problems,
    id: manifestBytes === undefined ? null : sha256Of(manifestBytes),
    info,
    contents,
    payload,
    tagManifest,
  };
}

/** What is listed and not there, and the reverse. */
function compareSets(
  entries: readonly ManifestEntry[],
  { files, refused }: Listing,
  tags: readonly string[],
): RoomError[] {
  const listed = new Set(entries.map(({ path }) => path));
  const known = new Set<string>([...tags, tagManifestName, signatureName]);
  const gone = entries
    .filter(({ path }) => !files.has(path) && !refused.has(path))
    .map(({ path }) => missing(path));
  const extra = [...files.keys()]
    .filter((path) => !listed.has(path) && !known.has(path))
    .map((path) => problem('ERR_COURIER_EXTRA', path, 'is listed nowhere'));
  return [...gone, ...extra];
}

function compareOxum(info: BagInfo, { files }: Listing): RoomError[] {
  const payload = [...files].filter(([path]) => path.startsWith('data/'));
  const bytes = payload.reduce((sum, [, { size }]) => sum + size, 0);
  if (bytes === info.bytes && payload.length === info.files) return [];
  const said = `${info.bytes}.${info.files}`;
  return [
    problem(
      'ERR_COURIER_OXUM',
      tagFiles.info,
      `says Payload-Oxum ${said}, and there is ${bytes}.${payload.length}`,
    ),
  ];
}

function compareContents(
  described: readonly CapsuleFile[],
  contentsName: string,
  entries: readonly ManifestEntry[],
  { files }: Listing,
): RoomError[] {
  const pieces = piecesOf(described);
  const hashes = new Map(entries.map(({ path, sha256 }) => [path, sha256]));
  const problems: RoomError[] = [];
  for (const { path, sha256, size } of pieces) {
    const listed = hashes.get(path);
    hashes.delete(path);
    if (listed === undefined)
      problems.push(
        problem('ERR_COURIER_CONTENT', contentsName, `has ${path} twice, or the manifest has it not`),
      );
    else if (listed !== sha256)
      problems.push(
        problem('ERR_COURIER_CONTENT', contentsName, `says another hash of ${path} than the manifest`),
      );
    const found = files.get(path);
    if (found !== undefined && found.size !== size)
      problems.push(problem('ERR_COURIER_DIGEST', path, `has ${found.size} bytes instead of ${size}`));
  }
  for (const path of hashes.keys())
    problems.push(problem('ERR_COURIER_CONTENT', path, `is not described by ${contentsName}`));
  return problems;
}

/** The spec, which has to be one that leads nowhere but into the capsule: nobody who makes a room of it should meet a directory of theirs. */
export async function readRoom(
  root: FileHandle,
  { room, plank, weights }: CapsuleContents,
  { files }: Listing,
): Promise<RoomSpec | RoomError | null> {
  const [piece] = room.pieces;
  // What is missing or changed was said, or will be.
  if (piece === undefined || !files.has(piece.path)) return null;
  const bytes =
    room.pieces.length === 1
      ? await readInside(root, piece.path, longestSpec)
      : `is longer than ${longestSpec} bytes`;
  if (typeof bytes === 'string') return problem('ERR_COURIER_CONTENT', piece.path, bytes);
  if (sha256Of(bytes) !== piece.sha256) return null;
  const wrong = (why: string): RoomError => problem('ERR_COURIER_CONTENT', piece.path, why);
  let spec: unknown;
  try {
    spec = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return wrong('is no JSON');
  }
  try {
    const portable = portableRoom(
      spec,
      plank,
      weights.map(({ name }) => name),
    );
    if (Buffer.from(roomText(portable)).equals(bytes)) return portable;
    return wrong('has another form than it is written in');
  } catch (error) {
    if (error instanceof Error && 'code' in error)
      return wrong(`is no spec of a room in a capsule: ${error.message}`);
    throw error;
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function missing(path: string): RoomError {
  return problem('ERR_COURIER_MISSING', path, 'is missing');
}

/** The file is there, and has other bytes than when it was packed. */
export function changed(path: string): RoomError {
  return problem('ERR_COURIER_DIGEST', path, 'was changed or damaged: it has another hash than is listed');
}
