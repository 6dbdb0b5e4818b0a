import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno } from './system-error.js';

// Steps that are on the disk when they are done. A file that was made, renamed or removed is so only when its directory was
// synced as well (fsync(2), NOTES), and an fsync that failed is never tried again (the second one succeeds, with wrong bytes on the disk).

export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Gives something another name, on the disk when this resolves. FAT has to be told of the thing itself too: the new entry is made without its
 * first cluster, which comes with the inode (vfat_rename in fs/fat/namei_vfat.c).
 */
export async function renameOnDisk(from: string, to: string): Promise<void> {
  await rename(from, to);
  const handle = await open(to, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectory(dirname(to));
}

/** A directory is there. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path).catch((error: unknown) => {
    if (!isErrno(error, 'EEXIST')) throw error;
  });
}

/**
 * Directories below a root are there, with all that are on the way. Not by `recursive` of Node's mkdir: that says ENOENT of a full
 * disk.
 */
export async function makeDirectories(root: string, below: Iterable<string>): Promise<void> {
  const made = new Set(['.']);
  const make = async (path: string): Promise<void> => {
    if (made.has(path)) return;
    await make(dirname(path));
    await makeDirectory(join(root, path));
    made.add(path);
  };
  for (const path of below) await make(path);
}

/** A new file with this text, on the disk; its name is there when its directory is synced. */
export async function writeNew(path: string, text: string | Uint8Array, mode: number): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(path, flags, 0o600);
  try {
    await handle.writeFile(text);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file is this text or what it was before. Half-way it is in `aside`, a directory of the same file system. */
export async function replaceFile(path: string, text: string, mode: number, aside: string): Promise<void> {
  await replace(path, aside, (temporary) => writeNew(temporary, text, mode));
}

/** A link leads here or to where it led before. */
export async function replaceLink(path: string, target: string, aside: string): Promise<void> {
  await replace(path, aside, (temporary) => symlink(target, temporary));
}

async function replace(
  path: string,
  aside: string,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = join(aside, `new-${randomBytes(6).toString('hex')}`);
  try {
    await make(temporary);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Removes a tree or nothing; what others remove at the same time is no failure. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** The names in a directory; none where there is no directory. */
export async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
