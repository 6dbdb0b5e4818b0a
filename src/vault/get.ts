import { randomBytes } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RoomError } from '../errors.js';
import type { VaultCore } from './core.js';
import { makeDirectories, removeTree, renameOnDisk, syncDirectory } from './durable.js';
import type { Located } from './generations.js';
import type { GenerationMeta, StoredFile } from './meta.js';
import { referenceText } from '../spec/vault-reference.js';
import { requireSpace } from './space.js';
import { contentRoot, readBack } from './stored-files.js';
import { attempt, isErrno } from './system-error.js';
import { runTransfer, type FileRequest, type TransferOptions } from './transfer.js';

/** What was copied out. */
export interface GetResult {
  readonly reference: string;
  readonly meta: GenerationMeta;
  /** Where it is now. */
  readonly path: string;
}

/** Copies a generation out: what arrives is what was stored, proven to be on the disk, or nothing is there. */
export async function get(
  core: VaultCore,
  located: Located,
  path: string,
  options: TransferOptions,
): Promise<GetResult> {
  const target = resolve(path);
  const { kind, name, generation } = located;
  const { meta } = await core.generations.meta(located);
  await requireFree(target);
  await requireSpace(
    dirname(target),
    meta.files.map(({ size }) => ({ size, allocated: size })),
    'vault.target',
  );
  const partial = join(dirname(target), `.${basename(target)}.partial-${randomBytes(6).toString('hex')}`);
  const directory = core.layout.generation(kind, name, generation);
  const targetOf = ({ path: below }: StoredFile): string =>
    meta.type === 'file' ? partial : join(partial, below);
  try {
    await makeRoom(meta, partial);
    const results = await runTransfer(
      core.addon,
      {
        root: contentRoot(directory, meta),
        files: meta.files.map((file): FileRequest => ({
          source: file.path,
          target: targetOf(file),
          expected: '',
          mode: file.executable ? 0o755 : 0o644,
        })),
        sha256: true,
        blake3: true,
        sparse: true,
        pastCache: false,
        readBack: true,
        share: true,
      },
      { phase: 'copy', total: meta.size },
      options,
    );
    const damaged = meta.files.filter((file, at) => results[at]?.sha256 !== file.sha256);
    if (damaged.length > 0) throw damagedIn(located, namesOf(damaged));
    const back =
      meta.type === 'file' ? meta.files.map((file) => ({ ...file, path: basename(partial) })) : meta.files;
    const root = meta.type === 'file' ? dirname(partial) : partial;
    const already = results.map((result) => result.readBack);
    const bad = await readBack(core.addon, root, back, options, already);
    if (bad.length > 0) throw lost(target);
    await attempt('vault.target', target, async () => {
      await syncTree(meta, partial);
      await requireFree(target);
      await renameOnDisk(partial, target);
    });
  } catch (error) {
    await removeTree(partial).catch(() => undefined);
    // What was stored is not there any more, or is something else.
    if ((error as Partial<RoomError>).code !== 'ERR_VAULT_SOURCE') throw error;
    throw damagedIn(located, (error as RoomError).message, error);
  }
  return { reference: referenceText(located), meta, path: target };
}

async function requireFree(target: string): Promise<void> {
  const there = await attempt('vault.target', target, () =>
    lstat(target).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    }),
  );
  if (there === null) return;
  throw new RoomError('ERR_VAULT_TARGET', `${target} is there already`, {
    path: target,
    hint: 'Name a path that does not exist, or remove that one.',
  });
}

async function makeRoom(meta: GenerationMeta, partial: string): Promise<void> {
  if (meta.type === 'file') return;
  await attempt('vault.target', partial, async () => {
    await mkdir(partial);
    await makeDirectories(partial, [
      ...meta.files.map(({ path }) => dirname(path)),
      ...meta.emptyDirectories,
    ]);
  });
}

async function syncTree(meta: GenerationMeta, partial: string): Promise<void> {
  if (meta.type === 'file') return;
  const directories = new Set([
    ...meta.files.map(({ path }) => dirname(path)),
    ...meta.emptyDirectories,
    '.',
  ]);
  for (const directory of directories) await syncDirectory(join(partial, directory));
}

function namesOf(files: readonly StoredFile[]): string {
  return files
    .slice(0, 5)
    .map(({ path }) => JSON.stringify(path))
    .join(', ');
}

function damagedIn(located: Located, what: string, cause?: unknown): RoomError {
  return new RoomError(
    'ERR_VAULT_DAMAGED',
    `${referenceText(located)} is damaged in the vault: ${what}; nothing was copied`,
    {
      hint: '`anchor vault verify` says what else is; `anchor vault rollback` goes back to a generation that is whole.',
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function lost(target: string): RoomError {
  return new RoomError('ERR_VAULT_DAMAGED', `what was written to ${target} is not what is on its disk now`, {
    path: target,
    hint: 'The device or its cable loses writes. See the kernel log (dmesg).',
  });
}
