import { constants, promises as fs } from 'node:fs';
import { fileError, type RoomFd } from './room-fd.js';

/** Makes a directory with no rights for others, and opens what has its name then. */
export async function makeDirectory(parent: RoomFd, name: Buffer): Promise<RoomFd> {
  await fs.mkdir(parent.entry(name), 0o700);
  return parent.openEntry(name, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** File systems stamp with a clock that lags behind the one of `Date.now()` by a tick, 10 ms at most. */
const CLOCK_LAG_MS = 50;

/**
 * The same for a directory that is then given to a user. Whoever may write to the parent can put another directory of that name there
 * between the two calls, one of root for instance, and would get that. So what was opened must look like what was made: it belongs
 * to this process, is empty, and was born just now.
 */
export async function makeNewDirectory(parent: RoomFd, name: Buffer): Promise<RoomFd> {
  const began = Date.now();
  const made = await makeDirectory(parent, name);
  try {
    if (await isNew(made, began)) return made;
    throw fileError('the directory was replaced while it was made', name.toString());
  } catch (error) {
    await made.close();
    throw error;
  }
}

async function isNew(directory: RoomFd, began: number): Promise<boolean> {
  const { uid, birthtimeMs } = await directory.stat();
  if (uid !== process.geteuid?.()) return false;
  // 0: a file system that keeps no time of birth.
  if (birthtimeMs !== 0 && birthtimeMs < began - CLOCK_LAG_MS) return false;
  const entries = await fs.opendir(directory.self);
  try {
    return (await entries.read()) === null;
  } finally {
    await entries.close();
  }
}
