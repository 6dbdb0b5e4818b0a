import { randomBytes } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RoomError } from '../errors.js';
import { syncDirectory, writeNew } from '../vault/durable.js';

/** A file is this text or what it was before, also after a power cut. */
export async function replaceText(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const mode = await stat(path).then(
      (found) => found.mode & 0o777,
      () => 0o644,
    );
    await writeNew(temporary, text, mode);
    await rename(temporary, path);
    await syncDirectory(directory);
  } catch (error) {
    await rm(temporary, { force: true });
    const { errno, syscall, message } = error as NodeJS.ErrnoException;
    throw new RoomError('ERR_FLAKE_NOT_FOUND', `${path} cannot be written: ${message}`, {
      step: 'flake.write',
      path,
      ...(errno === undefined ? {} : { errno }),
      ...(syscall === undefined ? {} : { syscall }),
      cause: error,
    });
  }
}
