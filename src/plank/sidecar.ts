import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { RoomError } from '../errors.js';

/** The file beside a plank that says its digest, in the format of sha256sum(1). */
export function sidecarPath(plank: string): string {
  return `${plank}.sha256`;
}

/**
 * Reads the sidecar of a plank: the line that names the plank's file, or a lone digest. Returns `sha256:<hex>`, or null when
 * there is no sidecar.
 *
 * @throws RoomError ERR_ROOM_PLANK_DIGEST when there is one that says nothing about this plank; the system's error when it
 * cannot be read.
 */
export async function readSidecar(plank: string): Promise<string | null> {
  const path = sidecarPath(plank);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  for (const line of lines) {
    // `*` marks binary mode. The name may have been written with the path it had.
    const match = /^([0-9a-f]{64})(?: [ *](.+))?$/i.exec(line.trimEnd());
    const name = match?.[2];
    if (match && (name === undefined ? lines.length === 1 : basename(name) === basename(plank)))
      return `sha256:${(match[1] as string).toLowerCase()}`;
  }
  throw new RoomError('ERR_ROOM_PLANK_DIGEST', `${path} has no line for ${basename(plank)}`, {
    path,
    hint: `sha256sum ${basename(plank)} > ${basename(path)}`,
  });
}
