import { readSync } from 'node:fs';

/** More than the largest pipe an unprivileged process can make (/proc/sys/fs/pipe-max-size). */
const LARGEST_PIPE = 1024 * 1024;
const DRAIN_BYTES = 64 * 1024;

/** Takes what is in a pipe or terminal, at most its capacity; does not block when it is non-blocking, or when no writer is left. */
export function drain(fd: number): { chunks: Buffer[]; ended: boolean } {
  const chunks: Buffer[] = [];
  try {
    for (let total = 0; total < LARGEST_PIPE;) {
      const chunk = Buffer.allocUnsafe(DRAIN_BYTES);
      const size = readSync(fd, chunk);
      if (size === 0) return { chunks, ended: true };
      chunks.push(chunk.subarray(0, size));
      total += size;
    }
  } catch {
    // EAGAIN: there is nothing more for now. EIO: nobody has the terminal any more.
  }
  return { chunks, ended: false };
}
