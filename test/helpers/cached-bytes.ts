import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Bytes of a file that are in the page cache, as fincore(1) has it. */
export async function cachedBytes(path: string): Promise<number> {
  const words = ['--bytes', '--noheadings', '--output', 'RES', path];
  return Number((await promisify(execFile)('fincore', words)).stdout);
}
