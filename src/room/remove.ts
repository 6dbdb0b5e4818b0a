import { constants, promises as fs, type Dirent } from 'node:fs';
import { fileError, using, type RoomFd } from './room-fd.js';

/** Each level of a tree holds a descriptor while it is worked on. */
export const MAX_DEPTH = 200;

/** Removes one name of a directory. Links are never followed: every step is one name below an open directory. */
export async function removeEntry(
  parent: RoomFd,
  name: Buffer,
  recursive: boolean,
  depth = 0,
): Promise<void> {
  const path = parent.entry(name);
  try {
    await fs.unlink(path);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
  }
  if (recursive) {
    if (depth === MAX_DEPTH)
      throw fileError(`the tree is deeper than ${MAX_DEPTH} directories`, name.toString());
    const opened = parent.openEntry(name, constants.O_RDONLY | constants.O_DIRECTORY);
    await using(opened, async (directory) => {
      if ((await directory.mountId()) !== (await parent.mountId())) {
        throw fileError('is a mount point', name.toString());
      }
      for await (const entry of await readEntries(directory)) {
        await removeEntry(directory, entry.name, true, depth + 1);
      }
    });
  }
  await fs.rmdir(path);
}

/** Entries with names as bytes: a name in a room need not be UTF-8. */
export async function readEntries(
  directory: RoomFd,
): Promise<AsyncIterable<Omit<Dirent, 'name'> & { name: Buffer }>> {
  const entries = await fs.opendir(directory.self, { encoding: 'buffer' as BufferEncoding });
  return entries as unknown as AsyncIterable<Omit<Dirent, 'name'> & { name: Buffer }>;
}
