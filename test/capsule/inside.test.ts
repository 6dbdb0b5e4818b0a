import { execFile } from 'node:child_process';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { openRoot, readInside } from '../../src/capsule/inside.js';
import { scratch } from '../helpers/image.js';

const run = promisify(execFile);

test('files of a directory are read, and nothing that a link leads to', async (t) => {
  const directory = await scratch(t);
  const capsule = join(directory, 'capsule');
  await mkdir(join(capsule, 'a/b'), { recursive: true });
  await writeFile(join(capsule, 'a/b/file'), 'inside');
  await writeFile(join(directory, 'file'), 'outside');
  await symlink('../file', join(capsule, 'link'));
  await symlink('b', join(capsule, 'a/way'));
  await run('mkfifo', [join(capsule, 'fifo')]);
  const root = await openRoot(capsule);
  t.teardown(() => root.close());
  const read = async (path: string, most = 100): Promise<string> => {
    const bytes = await readInside(root, path, most);
    return typeof bytes === 'string' ? bytes : `[${Buffer.from(bytes).toString()}]`;
  };
  t.is(await read('a/b/file'), '[inside]');
  t.is(await read('a/b/file', 6), '[inside]');
  t.is(await read('a/b/file', 5), 'is longer than 5 bytes');
  t.is(await read('a/b'), 'is no regular file');
  t.is(await read('fifo'), 'is no regular file');
  t.is(await read('none'), 'cannot be read: open failed with ENOENT');
  t.is(await read('link'), 'cannot be read: open failed with ELOOP');
  // With O_DIRECTORY the kernel says of a link that it is no directory.
  t.is(await read('a/way/file'), 'cannot be read: open failed with ENOTDIR');

  await rename(capsule, join(directory, 'moved'));
  await mkdir(join(capsule, 'a/b'), { recursive: true });
  await writeFile(join(capsule, 'a/b/file'), 'another');
  t.is(await read('a/b/file'), '[inside]', 'the directory that was opened');
});
