import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPlank, type PlankBuild } from '../../../src/index.js';

const directories = ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'];
const applets = ['sh', 'true', 'cat', 'find', 'grep', 'id', 'ls', 'sleep', 'touch', 'wc', 'echo'];

/**
 * A plank of few files, built in a moment: busybox under the names above, users root and app. `change` may make of the
 * tree what it wants before it is packed.
 */
export async function smallPlank(
  directory: string,
  change: (tree: string) => Promise<unknown> = async () => undefined,
  more: Partial<PlankBuild> = {},
): Promise<string> {
  const tree = await mkdtemp(join(directory, 'tree-'));
  try {
    for (const name of directories) await mkdir(join(tree, name));
    await copyFile('/bin/busybox', join(tree, 'bin/busybox'));
    for (const name of applets) await symlink('busybox', join(tree, 'bin', name));
    const shell = '/bin/sh';
    await writeFile(join(tree, 'etc/passwd'), `root:x:0:0:root:/:${shell}\napp:x:1000:1000:app:/:${shell}\n`);
    await change(tree);
    const output = `${tree}.${more.format ?? 'sqsh'}`;
    await buildPlank({ source: tree, output, compression: 'none', ...more });
    return output;
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}
