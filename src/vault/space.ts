import { statfs } from 'node:fs/promises';
import { RoomError } from '../errors.js';
import { attempt, type VaultStep } from './system-error.js';

/** For directories, meta.json and the log. */
const margin = 4 * 2 ** 20;

/** Refuses what cannot fit before anything is written. Holes need no space. */
export async function requireSpace(
  directory: string,
  files: readonly { readonly size: number; readonly allocated: number }[],
  step: VaultStep = 'vault.read',
): Promise<void> {
  const { bavail, bsize, files: inodes, ffree } = await attempt(step, directory, () => statfs(directory));
  const needed = files.reduce((sum, { size, allocated }) => sum + Math.min(size, allocated), 0) + margin;
  const free = bavail * bsize;
  if (needed > free) {
    throw new RoomError(
      'ERR_VAULT_NO_SPACE',
      `${needed} bytes are needed in ${directory}, and ${free} are free`,
      { path: directory, hint: '`anchor vault gc` removes old generations.' },
    );
  }
  // Some file systems make inodes as they need them and say 0.
  if (inodes > 0 && files.length > ffree) {
    throw new RoomError(
      'ERR_VAULT_NO_SPACE',
      `${files.length} inodes are needed in ${directory}, and ${ffree} are free`,
      {
        path: directory,
      },
    );
  }
}
