import { unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Addon } from '../../types/addon.js';
import { errorFromNative } from '../addon/refusal.js';
import { signatureName, tagFiles, tagManifestName } from '../capsule/layout.js';
import type { PlannedFile, Splitting } from '../capsule/pack-request.js';
import { shown } from '../capsule/problem.js';
import { partName } from '../capsule/stored-names.js';
import { RoomError } from '../errors.js';
import { attempt } from '../vault/system-error.js';
import { readingOrder } from '../vault/stored-files.js';
import { runTransfer, type TransferOptions } from '../vault/transfer.js';
import { parcelContentsName } from './layout.js';

// What an earlier attempt left. Nothing at the target is believed, not even a note that we wrote ourselves: it may be a stranger's
// stick. What has the size of a file of this sending is read back from the device and compared with the source.

/** Files of this sending that are there with the size they should have. */
export interface Leftover {
  /** Paths below the unfinished directory. */
  readonly whole: readonly PlannedFile[];
  readonly parts: readonly string[];
  readonly bytes: number;
  /** Of an earlier attempt, and of no use: too short, or written anew at the end. */
  readonly useless: readonly string[];
}

const nothing: Leftover = { whole: [], parts: [], bytes: 0, useless: [] };

/** Looks without opening anything. Throws ERR_COURIER_TARGET for what no attempt at the same has left. */
export async function surveyLeftover(
  addon: Addon,
  directory: string,
  files: readonly PlannedFile[],
  emptyTags: readonly string[],
  splitting: Splitting | null,
): Promise<Leftover> {
  const entries = await addon.listTree(directory, 2_000_000).catch((error: unknown) => {
    throw errorFromNative(error);
  });
  if (entries.length === 0) return nothing;
  const expected = new Map<string, { size: number; file: PlannedFile | null }>();
  for (const file of files) {
    if (splitting === null || file.size <= splitting.over)
      expected.set(file.stored, { size: file.size, file });
    else
      for (let part = 0; part * splitting.part < file.size; part += 1)
        expected.set(partName(file.stored, part), {
          size: Math.min(splitting.part, file.size - part * splitting.part),
          file: null,
        });
  }
  const tags = new Set<string>(emptyTags);
  const directories = new Set<string>();
  for (const path of expected.keys())
    for (let up = dirname(path); up !== '.'; up = dirname(up)) directories.add(up);
  const found = { whole: [] as PlannedFile[], parts: [] as string[], bytes: 0, useless: [] as string[] };
  for (const { path: bytes, kind, size, links } of entries) {
    const path = Buffer.from(bytes).toString('utf8');
    const piece = expected.get(path);
    if (kind === 'directory' && directories.has(path)) continue;
    if (kind !== 'file' || links !== 1 || (piece === undefined && !tags.has(path)))
      throw strange(directory, path);
    if (piece?.size !== size) found.useless.push(path);
    else if (piece.file === null) found.parts.push(path);
    else found.whole.push(piece.file);
    if (piece?.size === size) found.bytes += size;
  }
  return found;
}

/** Tag files that an attempt may have written; those of a bag that is sent as it is are files like all others. */
export const tagNames: readonly string[] = [
  ...Object.values({ ...tagFiles, contents: parcelContentsName }),
  tagManifestName,
  signatureName,
];

/** What is right of a leftover: digests of whole files and of parts, as they are on the device. All else of it is removed. */
export interface Kept {
  readonly whole: ReadonlyMap<PlannedFile, string>;
  readonly parts: ReadonlyMap<string, string>;
}

export async function keepWhatIsRight(
  addon: Addon,
  directory: string,
  { whole, parts, bytes, useless }: Leftover,
  known: ReadonlyMap<PlannedFile, string>,
  options: TransferOptions,
): Promise<Kept> {
  const remove = (path: string): Promise<void> =>
    attempt('vault.target', path, () => unlink(join(directory, path)));
  for (const path of useless) await remove(path);
  const paths = [...whole.map(({ stored }) => stored), ...parts];
  if (paths.length === 0) return { whole: new Map(), parts: new Map() };
  const back = readingOrder(
    directory,
    paths.map((source) => ({ source, version: '' })),
    { sha256: true, blake3: false, pastCache: true },
  );
  const there = await runTransfer(addon, back, { phase: 'verify', total: bytes }, options);
  const sources = await digestsOf(addon, whole, known, options);
  const right = new Map<PlannedFile, string>();
  for (const [i, file] of whole.entries()) {
    const sha256 = there[i]?.sha256 ?? '';
    if (sha256 !== '' && sha256 === sources.get(file)) right.set(file, sha256);
    else await remove(file.stored);
  }
  return {
    whole: right,
    parts: new Map(parts.map((path, i) => [path, there[whole.length + i]?.sha256 ?? ''])),
  };
}

/** Of the sources: known, or read now. */
async function digestsOf(
  addon: Addon,
  files: readonly PlannedFile[],
  known: ReadonlyMap<PlannedFile, string>,
  options: TransferOptions,
): Promise<ReadonlyMap<PlannedFile, string>> {
  const digests = new Map(known);
  const unknown = files.filter((file) => !known.has(file));
  const total = unknown.reduce((sum, { size }) => sum + size, 0);
  for (const root of new Set(unknown.map((file) => file.root))) {
    const these = unknown.filter((file) => file.root === root);
    const order = readingOrder(root, these, { sha256: true, blake3: false, pastCache: false });
    const results = await runTransfer(addon, order, { phase: 'read', total }, options);
    for (const [i, file] of these.entries()) digests.set(file, results[i]?.sha256 ?? '');
  }
  return digests;
}

function strange(directory: string, path: string): RoomError {
  return new RoomError(
    'ERR_COURIER_TARGET',
    `${directory} has ${shown(path)} in it, which is nothing of what is sent now`,
    {
      path: join(directory, path),
      hint: 'Another sending of that name was interrupted: begin anew (--restart), or choose another name (--name).',
    },
  );
}
