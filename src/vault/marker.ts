import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { RoomError } from '../errors.js';
import { replaceFile } from './durable.js';
import { attempt, isErrno } from './system-error.js';

/** anchor-vault.json: what makes a directory a vault. */
export interface Marker {
  readonly format: 1;
  /** A UUID: the vault stays itself on another disk or at another path. */
  readonly id: string;
  /** ISO 8601. */
  readonly created: string;
  /** It is on a file system of its own, and no vault when that is not mounted. */
  readonly mounted: boolean;
}

/** The last step of making a vault. */
export async function writeMarker(path: string, mounted: boolean, aside: string): Promise<Marker> {
  const marker: Marker = { format: 1, id: randomUUID(), created: new Date().toISOString(), mounted };
  await replaceFile(path, `${JSON.stringify(marker, null, 2)}\n`, 0o444, aside);
  return marker;
}

/** Null: there is none. */
export async function readMarker(path: string): Promise<Marker | null> {
  const text = await attempt('vault.open', path, async () => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return null;
      throw error;
    }
  });
  return text === null ? null : parseMarker(text, path);
}

/** Throws ERR_VAULT_INVALID. Pure. */
export function parseMarker(text: string, path: string): Marker {
  const invalid = (why: string): RoomError =>
    new RoomError('ERR_VAULT_INVALID', `${path} does not describe a vault: ${why}`, { path });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('no JSON');
  }
  if (typeof value !== 'object' || value === null) throw invalid('no object');
  const { format, id, created, mounted } = value as Record<string, unknown>;
  if (typeof format === 'number' && format > 1)
    throw invalid(`format ${format}, which is of a newer version of this package`);
  if (format !== 1 || typeof id !== 'string' || !/^[0-9a-f-]{36}$/.test(id)) throw invalid('no format or id');
  if (typeof created !== 'string' || typeof mounted !== 'boolean') throw invalid('no date or no "mounted"');
  return { format, id, created, mounted };
}
