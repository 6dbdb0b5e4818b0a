import { lstat, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Addon } from '../../types/addon.js';
import { changed } from '../capsule/check.js';
import { copyPlanned } from '../capsule/copy-planned.js';
import type { CapsuleFile } from '../capsule/contents.js';
import { unfinishedSuffix } from '../capsule/layout.js';
import { readBack, syncDirectories } from '../capsule/on-disk.js';
import type { PlannedFile, Splitting } from '../capsule/pack-request.js';
import { itemOf, refuseExisting } from '../capsule/pack.js';
import { writeTags } from '../capsule/write-tags.js';
import { RoomError } from '../errors.js';
import { makeDirectory, removeTree, renameOnDisk } from '../vault/durable.js';
import { attempt } from '../vault/system-error.js';
import type { TransferOptions } from '../vault/transfer.js';
import type { Cargo, CargoItem } from './cargo.js';
import { parcelKind, parcelReadme, parcelText, type ParcelContents } from './parcel.js';
import type { CheckedSend } from './send-request.js';
import type { Target } from './target.js';
import { inTermsOf } from './target-error.js';
import { keepWhatIsRight, surveyLeftover, tagNames, type Kept } from './unfinished.js';

/** What came to the target. */
export interface WrittenCargo {
  /** SHA-256 of its manifest. */
  readonly id: string;
  /** Of the payload. */
  readonly bytes: number;
  readonly files: number;
  /** Bytes that an earlier attempt had left, and that were right. */
  readonly kept: number;
  readonly split: number;
}

/** Copies, proves that all of it is on the device, and gives it its name. What is interrupted stays under another one, to go on with. */
export async function writeCargo(
  addon: Addon,
  cargo: Cargo,
  target: Target,
  request: CheckedSend,
  splitting: Splitting | null,
  options: TransferOptions,
): Promise<WrittenCargo> {
  const path = join(target.root, cargo.name);
  const unfinished = `${path}${unfinishedSuffix}`;
  await refuseExisting(path);
  if (request.restart) await attempt('vault.target', unfinished, () => removeTree(unfinished));
  await attempt('vault.target', unfinished, () => makeDirectory(unfinished));
  await requireOwn(unfinished, target);
  try {
    const tags = cargo.content.type === 'bag' ? [] : tagNames;
    const leftover = await surveyLeftover(addon, unfinished, cargo.files, tags, splitting);
    requireSpace(cargo, target, leftover.bytes);
    const kept = await keepWhatIsRight(addon, unfinished, leftover, cargo.known, options);
    const rest = cargo.files.filter((file) => !kept.whole.has(file));
    const total = rest.reduce((sum, { size }) => sum + size, 0);
    const copied = await copyPlanned(addon, rest, unfinished, splitting, {
      ...options,
      total,
      present: kept.parts,
    });
    requireKnown(cargo, copied);
    const all = new Map([...copied, ...[...kept.whole].map(asWhole)]);
    const written = await finish(addon, cargo, all, kept, unfinished, request, options);
    // From here on it takes a moment, and is done or not.
    options.signal?.throwIfAborted();
    await target.check();
    await refuseExisting(path);
    await attempt('vault.target', path, () => renameOnDisk(unfinished, path));
    return written;
  } catch (cause) {
    const error = await inTermsOf(target, cause);
    if (!canGoOn(error, options.signal)) await removeTree(unfinished).catch(() => undefined);
    // An empty one is worth nothing to anybody.
    await rmdir(unfinished).catch(() => undefined);
    throw error;
  }
}

/**
 * What is there under that name may be a link that leads away, or, where others may write, a directory in which they put one while we are at it. A
 * drive has whatever owners somebody gave it elsewhere, and nobody else at it.
 */
async function requireOwn(unfinished: string, { volume }: Target): Promise<void> {
  const facts = await attempt('vault.target', unfinished, () => lstat(unfinished));
  const own = volume !== null || facts.uid === (process.geteuid?.() ?? 0);
  if (facts.isDirectory() && own) return;
  throw new RoomError(
    'ERR_COURIER_TARGET',
    `${unfinished} is ${facts.isDirectory() ? "somebody else's" : 'no directory'}`,
    { path: unfinished, hint: 'Remove it, or choose another name (--name).' },
  );
}

/** Whether what is there by now is worth something to the next attempt. A full disk wants its space back. */
function canGoOn(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted === true && error === signal.reason) return true;
  const { code } = error as Partial<RoomError>;
  return code === 'ERR_COURIER_GONE' || code === 'ERR_VAULT_IO' || code === 'ERR_COURIER_TARGET';
}

function asWhole([file, sha256]: readonly [PlannedFile, string]): readonly [PlannedFile, CapsuleFile] {
  const { path, executable, stored, size } = file;
  return [file, { path, size, sha256, executable, pieces: [{ path: stored, size, sha256 }] }];
}

/** The tag files of a parcel; then all that was written now is read back. */
async function finish(
  addon: Addon,
  cargo: Cargo,
  copied: ReadonlyMap<PlannedFile, CapsuleFile>,
  kept: Kept,
  directory: string,
  { date, vault, sign }: CheckedSend,
  options: TransferOptions,
): Promise<WrittenCargo> {
  const { content, files } = cargo;
  const split = [...copied.values()].filter(({ pieces }) => pieces.length > 1).length;
  let id: string;
  let written: ReadonlyMap<string, string>;
  if (content.type === 'bag') {
    id = content.id;
    written = new Map([...copied].map(([{ stored }, { sha256 }]) => [stored, sha256]));
  } else {
    const contents: ParcelContents = {
      parcel: 1,
      name: content.name,
      items: content.items.map((item) => parcelItem(item, copied)),
    };
    const done = await writeTags(directory, parcelKind, contents, {
      contentsText: parcelText(contents),
      readme: parcelReadme(contents),
      date,
      vault,
      sign,
      signal: options.signal,
    });
    id = done.id;
    written = done.written;
  }
  await syncDirectories(directory, [...written.keys()]);
  const before = new Map([
    ...kept.parts,
    ...[...kept.whole].map(([{ stored }, sha256]) => [stored, sha256] as const),
  ]);
  const sizes = new Map(
    [...copied.values()].flatMap(({ pieces }) => pieces.map(({ path, size }) => [path, size])),
  );
  // What was there before was read back before.
  const now = new Map([...written].filter(([path, sha256]) => before.get(path) !== sha256));
  const total = [...now.keys()].reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0);
  await readBack(addon, directory, now, total, options);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return { id, bytes, files: files.length, kept: bytes - total, split };
}

function parcelItem(
  { reference, ...item }: CargoItem,
  copied: ReadonlyMap<PlannedFile, CapsuleFile>,
): ParcelContents['items'][number] {
  // In the order in which parcel.json has them.
  return { ...itemOf(copied, item), reference };
}

/** What was read is not what the vault or the bag says that it is: it was damaged there since. */
function requireKnown({ known, content }: Cargo, copied: ReadonlyMap<PlannedFile, CapsuleFile>): void {
  for (const [file, { sha256 }] of copied) {
    const expected = known.get(file);
    if (expected === undefined || expected === sha256) continue;
    if (content.type === 'bag') throw changed(file.stored);
    throw new RoomError(
      'ERR_VAULT_DAMAGED',
      `${file.path} is damaged in the vault: its bytes are not those that were stored`,
      { path: join(file.root, file.source), hint: '`anchor vault verify` says what else is.' },
    );
  }
}

/** Tag files, directories, and what a file system needs for itself. */
const margin = 2 * 2 ** 20;

export function requireSpace({ files }: Cargo, { free, block, path }: Target, present: number): void {
  // FAT gives space in clusters: of many small files most is air.
  const whole = files.reduce((sum, { size }) => sum + Math.ceil(size / block) * block, 0);
  const needed = whole - present + margin;
  if (needed <= free) return;
  throw new RoomError('ERR_VAULT_NO_SPACE', `${path} has ${free} bytes free, and ${needed} are needed`, {
    path,
    hint: 'Make room there, or send it elsewhere.',
  });
}
