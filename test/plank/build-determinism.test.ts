import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import test from 'ava';
import { buildPlank } from '../../src/plank/build.js';
import { scratch } from '../helpers/image.js';
import { runBuild, standardInput } from './build-process.js';
import { tar, tree } from './build-tree.js';

test('times, hard links and processors do not show in the bytes', async (t) => {
  const out = await scratch(t);
  const plain = await buildPlank({ source: await tree(t), output: join(out, 'a.sqsh'), processors: 2 });
  const odd = await buildPlank({ source: await tree(t, 'odd'), output: join(out, 'b.sqsh'), processors: 1 });
  t.is(odd.identity, plain.identity);
  t.is(plain.compression, 'zstd');
  t.is(plain.compressionLevel, 9);
  t.is(plain.created?.getTime(), 1000);
});

test('a tar gives the bytes of the directory it was made of, in any order and wrapping', async (t) => {
  const out = await scratch(t);
  const source = await tree(t);
  const { identity } = await buildPlank({ source, output: join(out, 'directory.sqsh') });

  const archive = tar(source, '.');
  const names = execFileSync('find', ['.', '-mindepth', '1'], { cwd: source, encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '')
    .sort((a, b) => (a.at(-1) ?? '').localeCompare(b.at(-1) ?? '') || b.localeCompare(a));
  const shuffled = tar(source, '--no-recursion', '--format=pax', ...names);
  // No directory is a member: those on the way get a fixed mode.
  const filesOnly = tar(source, '--no-recursion', ...names.filter((name) => !/^\.\/usr(\/lib)?$/.test(name)));
  t.notDeepEqual(shuffled, archive);

  const write = async (name: string, bytes: Buffer) => {
    await writeFile(join(out, name), bytes);
    return join(out, name);
  };
  const squeeze = (tool: string) =>
    execFileSync(tool, ['-c'], { input: archive, maxBuffer: 64 * 1024 * 1024 });
  const sources: Record<string, string | Readable> = {
    plain: await write('plain', archive),
    shuffled: await write('shuffled', shuffled),
    filesOnly: await write('filesOnly', filesOnly),
    gzip: await write('gzip', squeeze('gzip')),
    zstd: await write('zstd', squeeze('zstd')),
    xz: await write('xz', squeeze('xz')),
    stream: Readable.from([archive]),
    drops: Readable.from(pieces(archive, 333)),
    gzipStream: createReadStream(await write('gzip2', squeeze('gzip')), { highWaterMark: 100 }),
  };
  for (const [name, from] of Object.entries(sources)) {
    const report = await buildPlank({ source: from, output: join(out, `${name}.sqsh`) });
    t.is(report.identity, identity, name);
  }
  t.deepEqual(
    (await readdir(out)).filter((name) => name.startsWith('.')),
    [],
  );
});

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('the umask of the process does not show in the bytes', async (t) => {
  const out = await scratch(t);
  const archive = tar(await tree(t), '--no-recursion', './usr/lib/one', './usr/run-me');
  const build = async (mask: string) => {
    const output = join(out, `${mask}.sqsh`);
    await runBuild({ source: standardInput, output }, { mask, input: archive });
    return readFile(output);
  };
  t.deepEqual(await build('0002'), await build('0077'));
});

test('SOURCE_DATE_EPOCH and TAR_OPTIONS of the caller change nothing', async (t) => {
  const out = await scratch(t);
  const source = join(out, 'x.tar');
  await writeFile(source, tar(await tree(t), '.'));
  const { identity } = await buildPlank({ source, output: join(out, 'a') });
  const environment = { SOURCE_DATE_EPOCH: '5', TAR_OPTIONS: '--exclude=usr', XZ_OPT: '--nonsense' };
  const { stdout, stderr } = await runBuild({ source, output: join(out, 'b') }, { environment });
  t.is(stdout.trim(), identity, stderr);
});

test('erofs: times and copies do not show in the bytes, and what it says is read', async (t) => {
  const out = await scratch(t);
  const first = await tree(t);
  const second = await tree(t);
  execFileSync('find', [second, '-exec', 'touch', '-h', '-d', '@12345', '{}', '+']);
  const a = await buildPlank({ source: first, output: join(out, 'a.erofs'), format: 'erofs' });
  const b = await buildPlank({ source: second, output: join(out, 'b.erofs'), format: 'erofs' });
  const fromTar = await buildPlank({
    source: Readable.from([tar(first, '.')]),
    output: join(out, 'c.erofs'),
    format: 'erofs',
  });
  t.is(b.identity, a.identity);
  t.is(fromTar.identity, a.identity);
  t.is(a.format, 'erofs');
  t.is(a.compression, 'none');
  t.is(a.blockSize, 4096);
  t.is(a.created?.getTime(), 1000);
  t.true(a.flags.includes('checksum'));
  // Root, tmp, usr, usr/lib, lib, run-me and 42 files.
  t.is(a.inodes, 48);
});
