import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '../paths.js';
import { shortDigest } from './compile.js';
import { findProgram, runProgram } from './programs.js';

/** Mount points and directories a program may expect. */
const emptyDirectories = ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'usr'];

const squashfsFlags = [
  '-comp',
  'zstd',
  '-all-root',
  '-no-xattrs',
  '-no-progress',
  '-quiet',
  '-all-time',
  '0',
];

/**
 * The image all lanes run in: `/bin/tiny` and `/bin/idle`, and `/bin/busybox` so that one can look around in it. zstd,
 * because that is what planks are packed with; after the first round everything lanes read is in the page cache anyway.
 */
export async function buildPlank(programs: {
  readonly tiny: string;
  readonly idle: string;
}): Promise<string> {
  const contents = { ...programs, busybox: await findProgram('busybox') };
  const ingredients = await Promise.all(Object.values(contents).map((path) => readFile(path)));
  const digest = shortDigest(...ingredients, squashfsFlags.join(' '), emptyDirectories.join(' '));
  const plank = join(paths.cache, `plank-${digest}.sqsh`);
  if (existsSync(plank)) return plank;

  const mksquashfs = await findProgram('mksquashfs');
  const tree = await mkdtemp(join(paths.cache, 'tree-'));
  try {
    await chmod(tree, 0o755);
    for (const name of ['bin', ...emptyDirectories]) await mkdir(join(tree, name));
    await chmod(join(tree, 'tmp'), 0o1777);
    for (const [name, source] of Object.entries(contents)) {
      await copyFile(source, join(tree, 'bin', name));
      await chmod(join(tree, 'bin', name), 0o755);
    }
    const fresh = `${tree}.sqsh`;
    await runProgram(mksquashfs, [tree, fresh, '-noappend', ...squashfsFlags]);
    await rename(fresh, plank);
  } finally {
    await rm(tree, { recursive: true, force: true });
    await rm(`${tree}.sqsh`, { force: true });
  }
  return plank;
}
