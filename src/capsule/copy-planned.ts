import { dirname, join } from 'node:path';
import type { Addon } from '../../types/addon.js';
import { makeDirectories } from '../vault/durable.js';
import { attempt } from '../vault/system-error.js';
import { runTransfer, type TransferOptions } from '../vault/transfer.js';
import type { CapsuleFile } from './contents.js';
import { openRoot } from './inside.js';
import type { PlannedFile, Splitting } from './pack-request.js';
import { splitFile } from './parts.js';
import { partName } from './stored-names.js';

/** Copies files into a capsule that is being made, hashed while they are read. */
export async function copyPlanned(
  addon: Addon,
  files: readonly PlannedFile[],
  directory: string,
  splitting: Splitting | null,
  options: TransferOptions & {
    readonly total: number;
    /** Hashes of parts that are there already, by their paths below the capsule. */
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
  const meter = new Meter(options);
  const inParts = new Set(files.filter(({ size }) => splitting !== null && size > splitting.over));
  const whole = files.filter((file) => !inParts.has(file));
  for (const root of new Set(whole.map((file) => file.root))) {
    const these = whole.filter((file) => file.root === root);
    const order = {
      root,
      files: these.map(({ source, version, stored }) => ({
        source,
        target: join(directory, stored),
        expected: version,
        mode: 0o644,
      })),
      sha256: true,
      blake3: false,
      sparse: true,
      pastCache: false,
    };
    const results = await runTransfer(addon, order, { phase: 'copy', total: options.total }, meter.options());
    for (const [i, file] of these.entries()) {
      const { size = 0, sha256 = '' } = results[i] ?? {};
      copied.set(file, capsuleFile(file, { size, sha256 }, [{ path: file.stored, size, sha256 }]));
      meter.add(size);
    }
  }
  for (const file of inParts)
    if (splitting !== null)
      copied.set(file, await copyInParts(file, directory, splitting.part, meter, options));
  return copied;
}

async function copyInParts(
  file: PlannedFile,
  directory: string,
  part: number,
  meter: Meter,
  { signal, present }: TransferOptions & { readonly present?: ReadonlyMap<string, string> },
): Promise<CapsuleFile> {
  const root = await attempt('vault.source', file.root, () => openRoot(file.root));
  try {
    const target = (number: number): string => join(directory, partName(file.stored, number));
    const onBytes = (bytes: number): void => meter.add(bytes, file.source);
    const { whole, parts } = await splitFile(root, file.source, part, target, {
      signal,
      onBytes,
      present: (number) => present?.get(partName(file.stored, number)) ?? null,
    });
    return capsuleFile(
      file,
      whole,
      parts.map((written, i) => ({ path: partName(file.stored, i), ...written })),
    );
  } finally {
    await root.close();
  }
}

function capsuleFile(
  { path, executable }: PlannedFile,
  { size, sha256 }: { readonly size: number; readonly sha256: string },
  pieces: CapsuleFile['pieces'],
): CapsuleFile {
  return { path, size, sha256, executable, pieces };
}

/** One progress for many transfers. */
class Meter {
  #before = 0;
  #told = 0;

  constructor(private readonly all: TransferOptions & { readonly total: number }) {}

  /** Of the next transfer. */
  options(): TransferOptions {
    const { signal, onProgress } = this.all;
    return {
      signal,
      onProgress:
        onProgress && ((progress) => onProgress({ ...progress, bytes: this.#before + progress.bytes })),
    };
  }

  /** Bytes that are done; with a path they are told now and then. */
  add(bytes: number, path?: string): void {
    this.#before += bytes;
    if (path === undefined || performance.now() - this.#told < 100) return;
    this.#told = performance.now();
    this.all.onProgress?.({ phase: 'copy', bytes: this.#before, total: this.all.total, rate: 0, path });
  }
}
