import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Addon, TransferredFile } from '../../types/addon.js';
import { attempt } from '../vault/system-error.js';
import { runTransfer, type TransferOptions } from '../vault/transfer.js';
import type { CapsuleFile } from './contents.js';
import type { PlannedFile, Splitting } from './pack-request.js';
import { partName } from './stored-names.js';

/** Copies files into a capsule that is being made, in parts where they are too long, hashed while they are read. */
export async function copyPlanned(
  addon: Addon,
  files: readonly PlannedFile[],
  directory: string,
  splitting: Splitting | null,
  options: TransferOptions & { readonly total: number },
): Promise<ReadonlyMap<PlannedFile, CapsuleFile>> {
  const copied = new Map<PlannedFile, CapsuleFile>();
  for (const { stored } of files) {
    const path = dirname(join(directory, stored));
    await attempt('vault.target', path, () => mkdir(path, { recursive: true }));
  }
  const before = { bytes: 0 };
  for (const root of new Set(files.map((file) => file.root))) {
    const these = files.filter((file) => file.root === root).map((file) => planPieces(file, splitting));
    const order = {
      root,
      files: these.flatMap(({ file, ranges }) =>
        ranges.map(({ stored, offset, length }) => ({
          source: file.source,
          target: join(directory, stored),
          expected: file.version,
          mode: 0o644,
          offset,
          length,
          continues: offset > 0,
        })),
      ),
      sha256: true,
      blake3: false,
      sparse: true,
      pastCache: false,
    };
    const phase = { phase: 'copy', total: options.total, before: before.bytes } as const;
    const results = [...(await runTransfer(addon, order, phase, options))];
    for (const { file, ranges } of these) {
      const written = results.splice(0, ranges.length);
      copied.set(file, capsuleFile(file, ranges, written));
      before.bytes += file.size;
    }
  }
  return copied;
}

/** A part of a file, and what it is called in the capsule. */
interface Range {
  readonly stored: string;
  readonly offset: number;
  readonly length: number;
}

/** All of it, or parts where it is too long for that. */
function planPieces(
  file: PlannedFile,
  splitting: Splitting | null,
): { readonly file: PlannedFile; readonly ranges: readonly Range[] } {
  const { size, stored } = file;
  if (splitting === null || size <= splitting.over)
    return { file, ranges: [{ stored, offset: 0, length: size }] };
  const { part } = splitting;
  const ranges = Array.from({ length: Math.ceil(size / part) }, (_, number) => ({
    stored: partName(stored, number),
    offset: number * part,
    length: Math.min(part, size - number * part),
  }));
  return { file, ranges };
}

function capsuleFile(
  { path, executable }: PlannedFile,
  ranges: readonly Range[],
  written: readonly TransferredFile[],
): CapsuleFile {
  const pieces = ranges.map(({ stored }, at) => {
    const { size = 0, sha256 = '' } = written[at] ?? {};
    return { path: stored, size, sha256 };
  });
  const size = pieces.reduce((sum, piece) => sum + piece.size, 0);
  const only = pieces.length === 1 ? pieces[0]?.sha256 : undefined;
  return { path, size, sha256: only ?? written.at(-1)?.whole ?? '', executable, pieces };
}
