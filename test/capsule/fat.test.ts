import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { verifyCapsule } from '../../src/capsule/verify.js';
import { packedSample } from './sample.js';

const run = promisify(execFile);

// The mtools read and write FAT32 by themselves: no mount, and no kernel that has it.
test('a capsule comes back from FAT32 as it was', async (t) => {
  const { packed, directory } = await packedSample(t, { split: '40kB' });
  const image = join(directory, 'stick.img');
  await run('mformat', ['-C', '-i', image, '-F', '-c', '1', '-T', '140000', '::']);
  await run('mcopy', ['-s', '-i', image, packed.path, '::']);
  const back = join(directory, 'back.capsule');
  await run('mcopy', ['-s', '-n', '-i', image, '::tiny.capsule', back]);
  t.deepEqual((await verifyCapsule(back)).problems, []);
  await t.notThrowsAsync(run('diff', ['-r', packed.path, back]));
});

test('what FAT32 has changed is found', async (t) => {
  const { packed, directory } = await packedSample(t);
  const image = join(directory, 'stick.img');
  await run('mformat', ['-C', '-i', image, '-F', '-c', '1', '-T', '140000', '::']);
  await run('mcopy', ['-s', '-i', image, packed.path, '::']);
  // In the image itself, as a worn stick would.
  const bytes = await readFile(image);
  const weights = await readFile(join(packed.path, 'data/weights/tiny.gguf'));
  const at = bytes.indexOf(weights.subarray(0, 512));
  t.true(at > 0);
  bytes[at + 100]! ^= 0x10;
  await writeFile(image, bytes);
  const back = join(directory, 'back.capsule');
  await run('mcopy', ['-s', '-n', '-i', image, '::tiny.capsule', back]);
  t.deepEqual(
    (await verifyCapsule(back)).problems.map(({ code, path }) => [code, path]),
    [['ERR_COURIER_DIGEST', 'data/weights/tiny.gguf']],
  );
});
