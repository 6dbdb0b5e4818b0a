import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { makeBusyboxTree } from '../../helpers/image.js';
import { attackProgram } from './attack-program.js';

const run = promisify(execFile);

/** What stands in the tree of an image, by path without a slash in front. What was there before is removed. */
export interface HostileTree {
  /** No busybox: for rooms that must not come to their command. */
  readonly bare?: boolean;
  readonly links?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly directories?: readonly string[];
  /** `c 1 5`, `b 7 0` or `p`, as mknod(1) has it; everybody may read and write it. */
  readonly nodes?: Readonly<Record<string, string>>;
  readonly modes?: Readonly<Record<string, number>>;
  /** Programs of test/escape/programs, for /usr/local/bin. */
  readonly programs?: readonly string[];
  /** Any file of the host to be copied in, by path in the tree. */
  readonly copies?: Readonly<Record<string, string>>;
  /** Extended attributes: name and value in hexadecimal, by path. */
  readonly attributes?: Readonly<Record<string, readonly [name: string, hex: string]>>;
}

/** Node has no setxattr(2), and setfattr(1) is not on every machine. */
const setAttribute =
  'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]), follow_symlinks=False)';

/**
 * A squashfs with busybox and whatever an attacker puts into one. By mksquashfs and not by buildPlank, which leaves
 * devices and attributes out: who attacks has other tools.
 */
export async function hostilePlank(t: ExecutionContext, hostile: HostileTree = {}): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'anchor-hostile-'));
  t.teardown(() => rm(place, { recursive: true, force: true }));
  const tree = join(place, 'tree');
  await mkdir(tree);
  if (hostile.bare === true) for (const path of ['dev', 'proc', 'sys']) await mkdir(join(tree, path));
  else await makeBusyboxTree(tree);
  const at = async (path: string): Promise<string> => {
    const full = join(tree, path);
    await rm(full, { recursive: true, force: true });
    await mkdir(dirname(full), { recursive: true });
    return full;
  };
  for (const path of hostile.directories ?? []) await mkdir(join(tree, path), { recursive: true });
  for (const [path, to] of Object.entries(hostile.links ?? {})) await symlink(to, await at(path));
  for (const [path, text] of Object.entries(hostile.files ?? {})) await writeFile(await at(path), text);
  for (const [path, node] of Object.entries(hostile.nodes ?? {})) {
    await run('mknod', ['-m', '0666', await at(path), ...node.split(' ')]);
  }
  for (const name of hostile.programs ?? [])
    await copyFile(await attackProgram(name), await at(`usr/local/bin/${name}`));
  for (const [path, from] of Object.entries(hostile.copies ?? {})) await copyFile(from, await at(path));
  for (const [path, mode] of Object.entries(hostile.modes ?? {})) await chmod(join(tree, path), mode);
  for (const [path, [name, hex]] of Object.entries(hostile.attributes ?? {}))
    await run('python3', ['-c', setAttribute, join(tree, path), name, hex]);
  const output = join(place, `${basename(place)}.sqsh`);
  await run('mksquashfs', [tree, output, '-quiet', '-no-progress', '-noappend', '-comp', 'lz4']);
  await rm(tree, { recursive: true, force: true });
  return output;
}
