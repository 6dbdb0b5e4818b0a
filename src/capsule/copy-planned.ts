import { unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Addon, TransferredFile } from '../../types/addon.js';
import { makeDirectories } from '../vault/durable.js';
import { attempt } from '../vault/system-error.js';
import {
  runTransfer,
  type FileRequest,
  type TransferOptions,
  type TransferRequest,
} from '../vault/transfer.js';
import type { CapsuleFile } from './contents.js';
import type { PlannedFile, Splitting } from './pack-request.js';
import { partName } from './stored-names.js';

/** Copies files into a capsule that is being made, in parts where they are too long, hashed while they are read. */
export async function copyPlanned(
  addon: Addon,
  files: readonly PlannedFile[],
  directory: string,
  splitting: Splitting | null,
  options: TransferOptions & {
    readonly total: number;
    /** Hashes of parts that are there already, as they were read back, by their paths below the capsule: what is right is not written again. */
    readonly present?: ReadonlyMap<string, string>;
  },
): Promise<ReadonlyMap<PlannedFile, CapsuleFile>> {
  const copied = new Map<PlannedFile, CapsuleFile>();
  await attempt('vault.target', directory, () =>
    makeDirectories(
      directory,
      files.map(({ stored }) => dirname(stored)),
    ),
  );
  const { present = new Map<string, string>(), ...rest } = options;
  const before = { bytes: 0 };
  for (const root of new Set(files.map((file) => file.root))) {
    const these = files.filter((file) => file.root === root).map((file) => planPieces(file, splitting));
    const parts = these.flatMap(({ file, ranges }) =>
      ranges.map(({ stored, offset, length }) => ({
        source: file.source,
        // What is there already is only hashed: the hash of all of the file needs it.
        target: present.has(stored) ? '' : join(directory, stored),
        expected: file.version,
        mode: 0o644,
        offset,
        length,
        continues: offset > 0,
      })),
    );
    const phase = { phase: 'copy', total: options.total, before: before.bytes } as const;
    const results = [...(await runTransfer(addon, requestOf(root, parts), phase, rest))];
    const places = these.flatMap(({ ranges }) => ranges.map(({ stored }) => stored));
    const again = parts.flatMap((part, at) => {
      const stored = places[at] ?? '';
      const right = part.target !== '' || results[at]?.sha256 === present.get(stored);
      return right ? [] : [{ ...part, target: join(directory, stored), continues: false }];
    });
    for (const { target } of again) await attempt('vault.target', target, () => unlink(target));
    if (again.length > 0) await runTransfer(addon, requestOf(root, again), phase, { signal: options.signal });
    for (const { file, ranges } of these) {
      const written = results.splice(0, ranges.length);
      copied.set(file, capsuleFile(file, ranges, written));
      before.bytes += file.size;
    }
  }
  return copied;
}

function requestOf(root: string, files: readonly FileRequest[]): TransferRequest {
  return { root, files, sha256: true, blake3: false, sparse: true, pastCache: false };
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
