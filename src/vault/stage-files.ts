import { mkdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TransferredFile } from '../../types/addon.js';
import { RoomError } from '../errors.js';
import type { VaultCore } from './core.js';
import { makeDirectories } from './durable.js';
import { alike, linkStored, type Duplicates } from './duplicates.js';
import type { StoredFile } from './meta.js';
import type { Source, SourceFile } from './source.js';
import { contentRoot, readBack, readingOrder, storedMode } from './stored-files.js';
import { attempt } from './system-error.js';
import { runTransfer, type FileRequest, type TransferOptions } from './transfer.js';

/** The files of a generation, on the disk. */
export interface Staged {
  readonly files: readonly StoredFile[];
  /** Bytes that have one more name and were not written. */
  readonly shared: number;
}

/**
 * Brings all files of a source into the directory of a generation: those that the vault has already by one more name, the others as copies.
 * Then all of them are read back from the disk.
 */
export async function stageFiles(
  core: VaultCore,
  duplicates: Duplicates,
  source: Source,
  generation: string,
  name: string,
  options: TransferOptions,
): Promise<Staged> {
  const root = contentRoot(generation, { type: source.type, name });
  await makeRoom(source, root);
  const places = new Map(source.files.map((file) => [file, source.type === 'file' ? name : file.path]));
  const stage: Staging = { core, source, root, places, options, stored: new Map(), back: new Map() };
  const linked = await shareWhatIsThere(stage, duplicates);
  const cloned = await copy(
    stage,
    source.files.filter((file) => !linked.has(file)),
    true,
  );

  const bad = await badFiles(stage, source.files);
  const lost = bad.filter((file) => !linked.has(file) && !cloned.has(file));
  if (lost.length > 0) throw notOnDisk(lost);
  // What was on the disk already has been damaged since, and is still in memory as it was or comes from elsewhere: a copy is whole.
  if (bad.length > 0) {
    await attempt('vault.stage', root, async () => {
      for (const file of bad) await unlink(join(root, places.get(file) ?? ''));
    });
    await copy(stage, bad, false);
    const again = await badFiles(stage, bad);
    if (again.length > 0) throw notOnDisk(again);
  }
  const shared = [...linked].filter((file) => !bad.includes(file)).reduce((sum, { size }) => sum + size, 0);
  return { files: source.files.map((file) => storedOf(stage, file)), shared };
}

interface Staging {
  readonly core: VaultCore;
  readonly source: Source;
  readonly root: string;
  /** Path of each file below the root. */
  readonly places: ReadonlyMap<SourceFile, string>;
  readonly options: TransferOptions;
  readonly stored: Map<SourceFile, StoredFile>;
  /** What reading back has given already. */
  readonly back: Map<SourceFile, TransferredFile['readBack']>;
}

/** Hashes what may be there, and links what is. */
async function shareWhatIsThere(stage: Staging, duplicates: Duplicates): Promise<ReadonlySet<SourceFile>> {
  const { core, source, root, places, options } = stage;
  const candidates = await duplicates.ofSizes(core, new Set(source.files.map(({ size }) => size)));
  const maybe = source.files.filter(({ size }) => candidates.has(size));
  const linked = new Set<SourceFile>();
  if (maybe.length === 0) return linked;
  const order = readingOrder(source.root, maybe, { sha256: true, blake3: true, pastCache: false });
  const results = await runTransfer(core.addon, order, { phase: 'read', total: sizeOf(maybe) }, options);
  for (const [at, file] of maybe.entries()) {
    const stored = keep(stage, file, results[at]);
    const same = alike(candidates.get(stored.size), stored);
    if (await linkStored(same, join(root, places.get(file) ?? ''))) linked.add(file);
  }
  return linked;
}

/** Returns which of them share the blocks of their source. */
async function copy(
  stage: Staging,
  files: readonly SourceFile[],
  share: boolean,
): Promise<ReadonlySet<SourceFile>> {
  const shared = new Set<SourceFile>();
  if (files.length === 0) return shared;
  const { core, source, root, places, options } = stage;
  const order = files.map((file): FileRequest => ({
    source: file.source,
    target: join(root, places.get(file) ?? ''),
    expected: file.version,
    mode: storedMode(file.executable),
  }));
  const results = await runTransfer(
    core.addon,
    {
      root: source.root,
      files: order,
      sha256: true,
      blake3: true,
      sparse: true,
      pastCache: false,
      readBack: true,
      share,
    },
    { phase: 'copy', total: sizeOf(files) },
    options,
  );
  for (const [at, file] of files.entries()) {
    keep(stage, file, results[at]);
    stage.back.set(file, results[at]?.readBack ?? '');
    if (results[at]?.shared === true) shared.add(file);
  }
  return shared;
}

async function badFiles(stage: Staging, files: readonly SourceFile[]): Promise<readonly SourceFile[]> {
  const expected = files.map((file) => storedOf(stage, file));
  const already = files.map((file) => stage.back.get(file) ?? '');
  const bad = await readBack(stage.core.addon, stage.root, expected, stage.options, already);
  return files.filter((_, at) => bad.includes(expected[at] as StoredFile));
}

function keep(stage: Staging, file: SourceFile, result: TransferredFile | undefined): StoredFile {
  const { size = 0, sha256 = '', blake3 = '' } = result ?? {};
  const path = stage.places.get(file) ?? '';
  const stored: StoredFile = { path, size, sha256, blake3, executable: file.executable };
  stage.stored.set(file, stored);
  return stored;
}

function storedOf(stage: Staging, file: SourceFile): StoredFile {
  const stored = stage.stored.get(file);
  if (stored === undefined) throw new Error(`${file.path} was not copied`);
  return stored;
}

async function makeRoom(source: Source, root: string): Promise<void> {
  await attempt('vault.stage', root, async () => {
    if (source.type === 'tree') await mkdir(root);
    await makeDirectories(
      root,
      source.files.map(({ path }) => dirname(path)),
    );
  });
}

function sizeOf(files: readonly SourceFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function notOnDisk(files: readonly SourceFile[]): RoomError {
  const names = files.slice(0, 5).map(({ source }) => JSON.stringify(source));
  return new RoomError(
    'ERR_VAULT_DAMAGED',
    `what was written is not what is on the disk now: ${names.join(', ')}; nothing was stored`,
    { hint: 'The device or its cable loses writes. See the kernel log (dmesg), and trust nothing on it.' },
  );
}
