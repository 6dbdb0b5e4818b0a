import { join } from 'node:path';
import type { Addon, TransferOrder, TransferredFile } from '../../types/addon.js';
import type { GenerationMeta, StoredFile } from './meta.js';
import { runTransfer, type FileRequest, type TransferOptions, type TransferRequest } from './transfer.js';

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
): TransferRequest {
  const order = files.map(({ source, version }): FileRequest => ({
    source,
    target: '',
    expected: version,
    mode: 0,
  }));
  return { root, files: order, sparse: true, ...how };
}

/**
 * Reads files back from the disk, and returns those that are not what they should be. `already`: of each file what reading it back while it was
 * written gave.
 */
export async function readBack(
  addon: Addon,
  root: string,
  files: readonly StoredFile[],
  options: TransferOptions,
  already: readonly TransferredFile['readBack'][] = [],
): Promise<readonly StoredFile[]> {
  const rest = files.filter((_, at) => (already[at] ?? '') === '');
  const bad = new Set(files.filter((_, at) => already[at] === 'other'));
  if (rest.length === 0) return [...bad];
  const total = sizeOf(files);
  const order = readingOrder(
    root,
    rest.map(({ path }) => ({ source: path, version: '' })),
    { sha256: false, blake3: true, pastCache: true },
  );
  const phase = { phase: 'verify', total, before: total - sizeOf(rest) } as const;
  const results = await runTransfer(addon, order, phase, options);
  for (const [at, file] of rest.entries())
    if (results[at]?.blake3 !== file.blake3 || results[at].size !== file.size) bad.add(file);
  return files.filter((file) => bad.has(file));
}

function sizeOf(files: readonly StoredFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
