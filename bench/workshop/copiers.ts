import { createHash, randomFillSync } from 'node:crypto';
import { copyFile, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Vault } from '../../src/index.js';
import { paths } from '../paths.js';
import { findProgram, runProgram } from './programs.js';

/** Where files are copied, all on the disk in question. */
export interface CopyPlace {
  readonly directory: string;
  readonly source: string;
  readonly vault: string;
  readonly size: number;
}

/** Somebody who copies the source, or does a part of what copying is. */
export interface Copier {
  readonly name: string;
  /** What it does more or less than a put. */
  readonly differs: string;
  /** Its program, where that may be missing: throws `Unavailable`. */
  find?(): Promise<unknown>;
  /** Copies a file and resolves to where it is when it is on the disk; null: it makes none. */
  copy(place: CopyPlace, source: string): Promise<string | null>;
  /** Whether it copies at all. */
  readonly copies: boolean;
}

const piece = 4 << 20;

const hashLimit: Copier = {
  name: 'hash limit',
  differs: 'SHA-256 of as many bytes in memory by the OpenSSL of Node, one thread',
  copies: false,
  copy({ size }) {
    const bytes = randomFillSync(Buffer.allocUnsafe(piece));
    const hash = createHash('sha256');
    for (let done = 0; done < size; done += piece) hash.update(bytes);
    hash.digest();
    return Promise.resolve(null);
  },
};

/** The three ways of a put over the disk, as many at once as there can be, and nothing else. */
const diskLimit: Copier = {
  name: 'disk limit',
  differs: 'dd with O_DIRECT: reads the source and writes it, another dd reads as much at the same time',
  copies: true,
  async copy({ directory }, source) {
    const target = join(directory, 'dd');
    const [from, block] = [`if=${source}`, ['bs=4M', 'iflag=direct', 'status=none']];
    await Promise.all([
      runProgram('dd', [from, `of=${target}`, ...block, 'oflag=direct', 'conv=fsync']),
      runProgram('dd', [from, 'of=/dev/null', ...block]),
    ]);
    return target;
  },
};

const put: Copier = {
  name: 'anchor vault put',
  differs: 'SHA-256 and BLAKE3 on the way, fsync, read back past the page cache and compared',
  copies: true,
  async copy({ vault }, source) {
    // As it is shipped: its modules are joined.
    const words = [join(paths.repository, 'dist/cli/anchor.js'), 'vault', 'put', '--vault', vault];
    await runProgram(process.execPath, [...words, source, 'models/large']);
    await using opened = await Vault.open(vault);
    return (await opened.inspect('models/large')).path;
  },
};

const cp: Copier = {
  name: 'cp, sync',
  differs: 'no digest, nothing is read back',
  copies: true,
  async copy({ directory }, source) {
    const target = join(directory, 'cp');
    await runProgram('cp', ['--reflink=never', source, target]);
    await runProgram('sync', [target]);
    return target;
  },
};

const copyFileAndHash: Copier = {
  name: 'fs.copyFile, fsync, hash',
  differs: 'SHA-256 of the copy as it is in the page cache',
  copies: true,
  async copy({ directory }, source) {
    const target = join(directory, 'copied');
    await copyFile(source, target);
    const handle = await open(target, 'r+');
    await handle.sync();
    const hash = createHash('sha256');
    for await (const bytes of handle.createReadStream({ highWaterMark: piece })) hash.update(bytes as Buffer);
    hash.digest();
    return target;
  },
};

const rsync: Copier = {
  name: 'rsync --fsync',
  differs: 'a checksum of its own on the way, nothing is read back',
  copies: true,
  find: () => findProgram('rsync'),
  async copy({ directory }, source) {
    const target = join(directory, 'rsync');
    await runProgram(await findProgram('rsync'), ['--whole-file', '--sparse', '--fsync', source, target]);
    return target;
  },
};

export const copiers: readonly Copier[] = [hashLimit, diskLimit, put, cp, copyFileAndHash, rsync];

/** A file that no disk can make smaller. */
export async function makeSource(place: CopyPlace): Promise<void> {
  await mkdir(dirname(place.source), { recursive: true });
  const handle = await open(place.source, 'wx');
  const bytes = Buffer.allocUnsafe(piece);
  for (let done = 0; done < place.size; done += piece) await handle.write(randomFillSync(bytes));
  await handle.sync();
  await handle.close();
}

/** 64 MiB with 1 MiB of data in it. Returns its path. */
export async function makeSparse(place: CopyPlace): Promise<string> {
  const path = join(place.directory, 'sparse');
  const handle = await open(path, 'wx');
  await handle.write(randomFillSync(Buffer.allocUnsafe(1 << 20)), 0, 1 << 20, 20 << 20);
  await handle.truncate(64 << 20);
  await handle.sync();
  await handle.close();
  return path;
}

/** Bytes of it that are in the page cache. */
export async function cachedBytes(path: string): Promise<number> {
  return Number(await runProgram('fincore', ['--bytes', '--noheadings', '--output', 'RES', path]));
}

/** Nothing of it is in the page cache any more. */
export async function dropCached(path: string): Promise<void> {
  await runProgram('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
}

/** Bytes that it takes on its disk. */
export async function allocatedBytes(path: string): Promise<number> {
  return (await stat(path)).blocks * 512;
}

/** A copy goes; of one in a vault, the name. */
export async function removeCopy(place: CopyPlace, path: string): Promise<void> {
  if (!path.startsWith(place.vault)) return rm(path);
  await using vault = await Vault.open(place.vault);
  await vault.remove('models/large');
}
