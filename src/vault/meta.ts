import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { RoomError } from '../errors.js';
import { vaultKinds, type VaultKind } from '../spec/vault-kinds.js';
import { attempt } from './system-error.js';

/** One file of a generation. */
export interface StoredFile {
  /** Below the content; the name of the thing itself where that is one file. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly blake3: string;
  readonly executable: boolean;
}

/** Where something came from: `host`, and what couriers say. */
export interface StoredSource {
  readonly type: string;
  readonly path?: string;
  readonly [detail: string]: unknown;
}

/** meta.json: what a generation is. */
export interface GenerationMeta {
  readonly format: 1;
  readonly kind: VaultKind;
  readonly name: string;
  readonly generation: number;
  readonly type: 'file' | 'tree';
  /** Bytes of all files. */
  readonly size: number;
  /** Of the file; of a tree, of the text that `sha256sum` prints for its files in the order of their bytes. */
  readonly sha256: string;
  /** Of the file; null of a tree, whose files have theirs. */
  readonly blake3: string | null;
  readonly files: readonly StoredFile[];
  readonly emptyDirectories: readonly string[];
  readonly source: StoredSource;
  /** The change of this vault, and the transfer of a courier that it was part of (the same where there was none). */
  readonly transaction: string;
  readonly transfer: string;
  /** ISO 8601. */
  readonly created: string;
}

/** What `sha256sum` prints for files: two spaces, and a newline after each. Pure. */
export function manifestOf(files: readonly StoredFile[]): string {
  return files.map(({ sha256, path }) => `${sha256}  ${path}\n`).join('');
}

export function metaText(meta: GenerationMeta): string {
  return `${JSON.stringify(meta, null, 2)}\n`;
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Reads one back. Throws ERR_VAULT_DAMAGED for what is no such file. */
export async function readMeta(path: string): Promise<{ meta: GenerationMeta; digest: string }> {
  const text = await attempt('vault.read', path, () => readFile(path, 'utf8'));
  return { meta: parseMeta(text, path), digest: sha256Of(text) };
}

/** Pure. */
export function parseMeta(text: string, path: string): GenerationMeta {
  const damaged = (): RoomError =>
    new RoomError('ERR_VAULT_DAMAGED', `${path} does not describe a generation`, {
      path,
      hint: '`anchor vault verify` says what else is damaged.',
    });
  let meta: Partial<GenerationMeta> | null;
  try {
    meta = JSON.parse(text) as Partial<GenerationMeta> | null;
  } catch {
    throw damaged();
  }
  const good =
    typeof meta === 'object' &&
    meta?.format === 1 &&
    vaultKinds.includes(meta.kind as VaultKind) &&
    typeof meta.name === 'string' &&
    Number.isSafeInteger(meta.generation) &&
    (meta.type === 'file' || meta.type === 'tree') &&
    Number.isSafeInteger(meta.size) &&
    isHex(meta.sha256) &&
    (meta.blake3 === null || isHex(meta.blake3)) &&
    Array.isArray(meta.files) &&
    meta.files.every(isStoredFile) &&
    Array.isArray(meta.emptyDirectories) &&
    meta.emptyDirectories.every(isInside) &&
    typeof meta.transaction === 'string' &&
    typeof meta.created === 'string';
  if (!good) throw damaged();
  return meta as GenerationMeta;
}

function isStoredFile(file: unknown): boolean {
  const { path, size, sha256, blake3, executable } = (file ?? {}) as Partial<StoredFile>;
  return (
    isInside(path) &&
    Number.isSafeInteger(size) &&
    isHex(sha256) &&
    isHex(blake3) &&
    typeof executable === 'boolean'
  );
}

/** A path that stays where it is joined to: whoever edits a meta.json must not send us elsewhere. */
function isInside(path: unknown): boolean {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) return false;
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
}

function isHex(text: unknown): boolean {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}
