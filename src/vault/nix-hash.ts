import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** The SHA-256 of the Nix archive of a path, in hex digits: what `nix hash path --base16` says. */
export async function hashOfPath(path: string): Promise<string> {
  const hash = createHash('sha256');
  word(hash, 'nix-archive-1');
  await addNode(hash, path);
  return hash.digest('hex');
}

async function addNode(hash: Hash, path: string): Promise<void> {
  const info = await lstat(path);
  word(hash, '(', 'type');
  if (info.isSymbolicLink()) word(hash, 'symlink', 'target', await readlink(path));
  else if (info.isDirectory()) {
    word(hash, 'directory');
    const names = await readdir(path);
    names.sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    for (const name of names) {
      word(hash, 'entry', '(', 'name', name, 'node');
      await addNode(hash, join(path, name));
      word(hash, ')');
    }
  } else if (info.isFile()) {
    word(hash, 'regular');
    if ((info.mode & 0o111) !== 0) word(hash, 'executable', '');
    word(hash, 'contents');
    hash.update(lengthOf(info.size));
    let bytes = 0;
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
    // One that grows meanwhile is not what it was, and shall not hash to it.
    if (bytes !== info.size) throw new Error(`${path} was changed while it was read`);
    hash.update(padding(bytes));
  } else throw new Error(`${path} is neither a file, a directory nor a link`);
  word(hash, ')');
}

function word(hash: Hash, ...texts: readonly string[]): void {
  for (const text of texts) {
    const bytes = Buffer.from(text);
    hash.update(lengthOf(bytes.length)).update(bytes).update(padding(bytes.length));
  }
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(length));
  return bytes;
}

function padding(length: number): Buffer {
  return Buffer.alloc((8 - (length % 8)) % 8);
}
