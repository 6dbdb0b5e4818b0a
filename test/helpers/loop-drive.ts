import { execFile } from 'node:child_process';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { scratch } from './image.js';

const run = promisify(execFile);

/** A drive that is a file of the test. */
export interface LoopDrive {
  readonly directory: string;
  readonly image: string;
  /** `/dev/loop3` */
  readonly path: string;
}

const formatters = {
  ext4: ['mkfs.ext4', '-q', '-F', '-m', '0'],
  vfat: ['mkfs.vfat', '-F', '32'],
  /** 300 MiB is the least. */
  xfs: ['mkfs.xfs', '-q', '-f'],
  btrfs: ['mkfs.btrfs', '-q', '-f'],
} as const;
export type DriveType = keyof typeof formatters;

/** Makes a file system in a file and attaches it; both go with the test. */
export async function loopDrive(
  t: ExecutionContext,
  type: DriveType,
  megabytes: number,
  options: readonly string[] = [],
  attach: readonly string[] = [],
): Promise<LoopDrive> {
  const directory = await scratch(t);
  const image = join(directory, 'drive.img');
  await makeImage(image, type, megabytes, options);
  const path = (await run('losetup', ['-f', '--show', ...attach, image])).stdout.trim();
  t.teardown(() => run('losetup', ['-d', path]));
  return { directory, image, path };
}

export async function makeImage(
  image: string,
  type: DriveType,
  megabytes: number,
  options: readonly string[] = [],
): Promise<void> {
  await writeFile(image, '');
  await truncate(image, megabytes << 20);
  const [program, ...words] = formatters[type];
  await run(program, [...words, ...options, image]);
}

/** Mounts it for everybody until the test is over. */
export async function mountDrive(t: ExecutionContext, { directory, path }: LoopDrive): Promise<string> {
  const place = join(directory, 'mounted');
  await mkdir(place);
  await run('mount', [path, place]);
  // Not lazily: a descriptor that was left open is found here.
  t.teardown(async () => {
    if ((await mountsOf(path)) > 0) await run('umount', [place]);
  });
  return place;
}

/** How often it is mounted, for everybody. */
export async function mountsOf(path: string): Promise<number> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.filter((line) => line.includes(` ${path} `)).length;
}
