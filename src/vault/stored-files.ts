import { join } from 'node:path';
import type { Addon, TransferFile, TransferOrder } from '../../types/addon.js';
import type { GenerationMeta, StoredFile } from './meta.js';
import { runTransfer, type TransferOptions } from './transfer.js';

/** Where the files of a generation begin: its directory, or the directory of the thing. */
export function contentRoot(
  directory: string,
  { type, name }: Pick<GenerationMeta, 'type' | 'name'>,
): string {
  return type === 'file' ? directory : join(directory, name);
}

/** Mode of what is stored: nobody writes to it. */
export function storedMode(executable: boolean): number {
  return executable ? 0o555 : 0o444;
}

/** What only reads: each file below a root. */
export function readingOrder(
  root: string,
  files: readonly { readonly source: string; readonly version: string }[],
  how: Pick<TransferOrder, 'sha256' | 'blake3' | 'pastCache'>,
): TransferOrder {
  const order = files.map(({ source, version }): TransferFile => ({
    source,
    target: '',
    expected: version,
    mode: 0,
  }));
  return { root, files: order, sparse: true, ...how };
}

/** Reads files back from the disk, and returns those that are not what they should be. */
export async function readBack(
  addon: Addon,
  root: string,
  files: readonly StoredFile[],
  options: TransferOptions,
): Promise<readonly StoredFile[]> {
  if (files.length === 0) return [];
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const order = readingOrder(
    root,
    files.map(({ path }) => ({ source: path, version: '' })),
    { sha256: false, blake3: true, pastCache: true },
  );
  const results = await runTransfer(addon, order, { phase: 'verify', total }, options);
  return files.filter((file, at) => results[at]?.blake3 !== file.blake3 || results[at].size !== file.size);
}
