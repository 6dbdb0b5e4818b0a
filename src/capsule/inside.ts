import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

// A capsule is a stranger's directory. It is opened once, and whatever is read is found from there: names are looked up one by one in
// the directory before, which /proc/self/fd names without a way that somebody could change, and none of them may be a link.
// The copy engine of native/copy does the same with openat2(2); this is for the few files that are read as a whole.

/** The path of what an open directory has, for as long as it is open. */
export function pathIn(directory: FileHandle): string {
  return `/proc/self/fd/${directory.fd}`;
}

/** Opens the directory that a user named; links on the way to it are theirs. */
export function openRoot(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

/**
 * Opens a file below an open directory. Does not block on a FIFO. Rejects with ELOOP or ENOTDIR where a link is on the way; what kind
 * of file it is has to be looked at.
 */
export async function openInside(root: FileHandle, path: string): Promise<FileHandle> {
  const names = path.split('/');
  const file = names.pop() ?? '';
  const opened: FileHandle[] = [];
  try {
    let directory = root;
    for (const name of names) {
      directory = await open(
        `${pathIn(directory)}/${name}`,
        constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
      );
      opened.push(directory);
    }
    return await open(
      `${pathIn(directory)}/${file}`,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } finally {
    for (const handle of opened) await handle.close();
  }
}

/** All of a regular file, or why not. */
export async function readInside(root: FileHandle, path: string, most: number): Promise<Uint8Array | string> {
  try {
    const handle = await openInside(root, path);
    try {
      return await readWhole(handle, most);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    return `cannot be read: ${syscall} failed with ${code}`;
  }
}

async function readWhole(handle: FileHandle, most: number): Promise<Uint8Array | string> {
  const info = await handle.stat();
  if (!info.isFile()) return 'is no regular file';
  if (info.size > most) return `is longer than ${most} bytes`;
  const buffer = Buffer.alloc(info.size + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length > info.size ? 'grows while it is read' : buffer.subarray(0, length);
}
