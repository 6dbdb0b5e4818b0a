import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { RoomError, SpecRangeError, SpecTypeError } from '../../src/errors.js';
import { buildPlank } from '../../src/plank/build.js';
import { scratch } from '../helpers/image.js';
import { runBuild, standardInput } from './build-process.js';
import { tar, tree } from './build-tree.js';

async function buildError(t: ExecutionContext, build: Promise<unknown>): Promise<RoomError> {
  const error: unknown = await t.throwsAsync(build);
  if (!(error instanceof RoomError)) throw error;
  t.is(error.code, 'ERR_ROOM_PLANK_BUILD');
  return error;
}

test('what is wrong with the request is said', async (t) => {
  const out = await scratch(t);
  const source = await tree(t);
  const output = join(out, 'x.sqsh');

  const missing = await buildError(t, buildPlank({ source: join(out, 'absent'), output }));
  t.regex(missing.message, /absent.*ENOENT/);
  const noDirectory = await buildError(t, buildPlank({ source, output: join(out, 'no/x.sqsh') }));
  t.regex(noDirectory.hint ?? '', /mkdir -p/);
  const inside = await buildError(t, buildPlank({ source, output: join(source, 'usr', 'x.sqsh') }));
  t.regex(inside.message, /inside the source/);
  await symlink(source, join(out, 'way'));
  const behindLink = await buildError(t, buildPlank({ source, output: join(out, 'way', 'x.sqsh') }));
  t.regex(behindLink.message, /inside the source/);
  const directory = await buildError(t, buildPlank({ source, output: source }));
  t.regex(directory.message, /not a file/);

  const wrong = (build: object) => t.throwsAsync(buildPlank({ source, output, ...build }));
  t.true((await wrong({ level: 23 })) instanceof SpecRangeError);
  t.true((await wrong({ compression: 'xz' })) instanceof SpecRangeError);
  t.true((await wrong({ format: 'erofs', compression: 'zstd' })) instanceof SpecRangeError);
  t.true((await wrong({ compression: 'lz4', level: 3 })) instanceof SpecRangeError);
  t.true((await wrong({ source: 7 })) instanceof SpecTypeError);
  t.true((await wrong({ levle: 3 })) instanceof SpecTypeError);
  t.deepEqual(await readdir(out), ['way']);
});

test('a plank that is there stays when the build fails, and is replaced when it succeeds', async (t) => {
  const out = await scratch(t);
  const output = join(out, 'x.sqsh');
  await writeFile(output, 'old');
  await buildError(t, buildPlank({ source: Readable.from([Buffer.from('no tar at all')]), output }));
  t.is(await readFile(output, 'utf8'), 'old');
  await buildPlank({ source: await tree(t), output });
  t.is((await readFile(output)).toString('latin1', 0, 4), 'hsqs');
});

test('a file that cannot be read is an error, not an empty file', async (t) => {
  const source = await tree(t);
  const out = await scratch(t);
  chmodSync(out, 0o777);
  chmodSync(join(source, '..'), 0o755);
  chmodSync(join(source, 'usr/lib/data-3'), 0);
  for (const format of ['squashfs', 'erofs'] as const) {
    const { code, stderr } = await runBuild(
      { source, output: join(out, 'x'), format },
      { unprivileged: true },
    );
    t.is(code, 1);
    t.regex(stderr, /ERR_ROOM_PLANK_BUILD.*cannot be read/);
    t.deepEqual(await readdir(out), []);
  }
});

test('read-only directories of a tar are cleaned up without privileges', async (t) => {
  const source = await tree(t);
  execFileSync('chmod', ['-R', 'a-w', join(source, 'usr')]);
  const [out, temporary] = [await scratch(t), await scratch(t)];
  for (const directory of [out, temporary]) chmodSync(directory, 0o777);
  const archive = tar(source, '.');
  execFileSync('chmod', ['-R', 'u+w', join(source, 'usr')]);
  const request = { source: standardInput, output: join(out, 'x.sqsh'), temporary };
  const { code, stderr } = await runBuild(request, { unprivileged: true, input: archive });
  t.is(code, 0, stderr);
  t.deepEqual([await readdir(out), await readdir(temporary)], [['x.sqsh'], []]);
});

test('a missing program is named, with the package it comes from', async (t) => {
  const request = { source: await tree(t), output: join(await scratch(t), 'x') };
  const squashfs = await runBuild(request, { path: '/nonexistent' });
  t.regex(squashfs.stderr, /ERR_ROOM_PLANK_BUILD.*mksquashfs.*apt-get install squashfs-tools/);
  const erofs = await runBuild({ ...request, format: 'erofs' }, { path: '/nonexistent' });
  t.regex(erofs.stderr, /ERR_ROOM_PLANK_BUILD.*mkfs\.erofs.*apt-get install erofs-utils/);
});

test('a full disk is said, and the half plank is gone', async (t) => {
  const [out, tools] = [await scratch(t), await scratch(t)];
  // A disk that is really full takes privileges; this stands for what mksquashfs does on one.
  await writeFile(
    join(tools, 'mksquashfs'),
    '#!/bin/sh\necho half > "$2"\necho "Write failed because No space left on device" >&2\nexit 1\n',
  );
  chmodSync(join(tools, 'mksquashfs'), 0o755);
  const request = { source: await tree(t), output: join(out, 'x') };
  const { stderr } = await runBuild(request, { path: `${tools}:/usr/bin:/bin` });
  t.regex(stderr, /ERR_ROOM_PLANK_BUILD.*disk is full.*free space/);
  t.deepEqual(await readdir(out), []);
});

test('every compressor gives a plank that says so', async (t) => {
  const [out, source] = [await scratch(t), await tree(t)];
  const built = async (build: object) => {
    const report = await buildPlank({ source, output: join(out, 'x'), ...build });
    return [report.compression, report.compressionLevel];
  };
  t.deepEqual(await built({ compression: 'zstd', level: 15 }), ['zstd', 15]);
  t.deepEqual(await built({ compression: 'gzip', level: 1 }), ['gzip', 1]);
  t.deepEqual(await built({ compression: 'gzip' }), ['gzip', 9]);
  t.deepEqual(await built({ compression: 'lz4' }), ['lz4', null]);
  t.deepEqual(await built({ compression: 'lz4hc' }), ['lz4', null]);
  t.deepEqual(await built({ compression: 'none' }), ['gzip', 9]);
  t.deepEqual(await built({ format: 'erofs', compression: 'lz4hc' }), ['lz4', null]);
  await mkdir(join(out, 'empty'));
  t.is((await buildPlank({ source: join(out, 'empty'), output: join(out, 'y') })).inodes, 1);
});
