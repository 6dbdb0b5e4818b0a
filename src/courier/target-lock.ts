import { constants } from 'node:fs';
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Addon } from '../../types/addon.js';
import { RoomError } from '../errors.js';
import { FileLock, holderNote } from '../vault/file-lock.js';
import { lockName } from './layout.js';
import type { Target } from './target.js';

/**
 * One courier at a time in a directory: the space that one has counted on must not go to another. The lock is the kernel's, so that one that was
 * killed holds nobody up; its file goes with it.
 *
 * @throws RoomError ERR_COURIER_BUSY.
 */
export async function withTargetLock<T>(addon: Addon, target: Target, work: () => Promise<T>): Promise<T> {
  const path = join(target.root, lockName);
  const lock = await FileLock.tryTake(addon, path, true);
  if (lock === null) throw await busy(path, target.path);
  try {
    await leaveNote(path);
    return await work();
  } finally {
    // While it is held: whoever opened it before sees that its name is gone (native/sys/file_lock.h).
    await unlink(path).catch(() => undefined);
    lock.release();
  }
}

/** For people only: on a full disk there is none. */
async function leaveNote(path: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW;
  await writeFile(path, holderNote(), { flag: flags }).catch(() => undefined);
}

async function busy(path: string, told: string): Promise<RoomError> {
  const note = await readFile(path, 'utf8').catch(() => '');
  const pid = /"pid":(\d{1,10})/.exec(note)?.[1];
  return new RoomError(
    'ERR_COURIER_BUSY',
    `another courier${pid === undefined ? '' : ` (process ${pid})`} is at ${told}`,
    { path: told, hint: 'Wait until it is done, then send again.' },
  );
}
