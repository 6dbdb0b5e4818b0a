import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { chmod, lutimes, mkdir, open, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './durable.js';

/** What an archive turned out to be. */
export interface ReadArchive {
  /** Hex digits. */
  readonly sha256: string;
  readonly bytes: number;
}

/** An archive is not what an archive of Nix is. */
export class BrokenArchive extends Error {}

const piece = 1 << 20;
const longestToken = 65_536;
const deepest = 256;

/**
 * Reads a Nix archive (NAR: https://nixos.org/manual/nix/stable/protocols/nix-archive) from its first byte to its last, strictly: whatever else is
 * in it, and what no other system call would take, is a BrokenArchive. `target`: a path that is not there yet becomes what is in it, as Nix has
 * paths in its store (read-only, from 1970).
 */
export async function readArchive(file: FileHandle, target: string | null): Promise<ReadArchive> {
  const source = new Source(file);
  await source.expect('nix-archive-1');
  await readNode(source, target, 0);
  return source.end();
}

async function readNode(source: Source, target: string | null, depth: number): Promise<void> {
  if (depth > deepest) throw new BrokenArchive('directories are too deep');
  await source.expect('(', 'type');
  const type = await source.token();
  if (type === 'regular') await readFile(source, target);
  else if (type === 'symlink') await readLink(source, target);
  else if (type === 'directory') await readDirectory(source, target, depth);
  else throw new BrokenArchive(`there is no type ${JSON.stringify(type)}`);
}

async function readFile(source: Source, target: string | null): Promise<void> {
  let word = await source.token();
  const executable = word === 'executable';
  if (executable) {
    await source.expect('');
    word = await source.token();
  }
  if (word !== 'contents') throw new BrokenArchive(`contents expected, got ${JSON.stringify(word)}`);
  const file = target === null ? null : await open(target, 'wx', 0o600);
  try {
    await source.contents(file);
    await file?.chmod(executable ? 0o555 : 0o444);
    await file?.utimes(1, 1);
    await file?.sync();
  } finally {
    await file?.close();
  }
  await source.expect(')');
}

async function readLink(source: Source, target: string | null): Promise<void> {
  await source.expect('target');
  const to = await source.token();
  if (to === '' || to.includes('\0')) throw new BrokenArchive('a link leads nowhere');
  await source.expect(')');
  if (target === null) return;
  await symlink(to, target);
  await lutimes(target, 1, 1);
}

async function readDirectory(source: Source, target: string | null, depth: number): Promise<void> {
  if (target !== null) await mkdir(target, { mode: 0o700 });
  let last: Buffer | null = null;
  for (let word = await source.token(); word !== ')'; word = await source.token()) {
    if (word !== 'entry') throw new BrokenArchive(`entry expected, got ${JSON.stringify(word)}`);
    await source.expect('(', 'name');
    const name = await source.token();
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
      throw new BrokenArchive(`${JSON.stringify(name)} is no name of a file`);
    const bytes = Buffer.from(name);
    if (last !== null && Buffer.compare(last, bytes) >= 0)
      throw new BrokenArchive(`${JSON.stringify(name)} is out of order`);
    last = bytes;
    await source.expect('node');
    await readNode(source, target === null ? null : join(target, name), depth + 1);
    await source.expect(')');
  }
  if (target === null) return;
  await syncDirectory(target);
  await lutimes(target, 1, 1);
  await chmod(target, 0o555);
}

/** The words of an archive, hashed as they are read. */
class Source {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async expect(...words: readonly string[]): Promise<void> {
    for (const word of words) {
      const got = await this.token();
      if (got !== word)
        throw new BrokenArchive(`${JSON.stringify(word)} expected, got ${JSON.stringify(got.slice(0, 40))}`);
    }
  }

  async token(): Promise<string> {
    const length = await this.#length();
    if (length > longestToken) throw new BrokenArchive('a word is too long');
    const bytes = await this.#read(length);
    await this.#padding(length);
    const text = bytes.toString('utf8');
    if (!Buffer.from(text).equals(bytes)) throw new BrokenArchive('a word is no UTF-8');
    return text;
  }

  async contents(file: FileHandle | null): Promise<void> {
    const length = await this.#length();
    for (let left = length; left > 0;) {
      const bytes = await this.#read(Math.min(left, piece));
      await file?.writeFile(bytes);
      left -= bytes.length;
    }
    await this.#padding(length);
  }

  async end(): Promise<ReadArchive> {
    const { bytesRead } = await this.#file.read(Buffer.alloc(1), 0, 1, this.#bytes);
    if (bytesRead !== 0) throw new BrokenArchive('there is something behind its end');
    return { sha256: this.#hash.digest('hex'), bytes: this.#bytes };
  }

  async #length(): Promise<number> {
    const length = Number((await this.#read(8)).readBigUInt64LE());
    if (!Number.isSafeInteger(length)) throw new BrokenArchive('a length is none');
    return length;
  }

  async #padding(length: number): Promise<void> {
    const bytes = await this.#read((8 - (length % 8)) % 8);
    if (bytes.some((byte) => byte !== 0)) throw new BrokenArchive('it is padded with something');
  }

  async #read(length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    for (let have = 0; have < length;) {
      const { bytesRead } = await this.#file.read(bytes, have, length - have, this.#bytes + have);
      if (bytesRead === 0) throw new BrokenArchive('it is cut off');
      have += bytesRead;
    }
    this.#hash.update(bytes);
    this.#bytes += length;
    return bytes;
  }
}
