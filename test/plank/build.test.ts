import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, createReadStream } from 'node:fs';
import { link, mkdir, readFile, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { RoomError, SpecRangeError, SpecTypeError } from '../../src/errors.js';
import { buildPlank } from '../../src/plank/build.js';
import type { PlankProgress } from '../../src/plank/progress.js';
import { scratch } from '../helpers/image.js';

/** The same small system every time; `variant` changes everything that must not matter. */
async function makeTree(directory: string, variant: 'plain' | 'odd' = 'plain'): Promise<void> {
  await mkdir(join(directory, 'usr/lib'), { recursive: true });
  await mkdir(join(directory, 'tmp'));
  chmodSync(join(directory, 'tmp'), 0o1777);
  const text = 'the same bytes in two files\n'.repeat(1000);
  await writeFile(join(directory, 'usr/lib/one'), text);
  if (variant === 'odd') await link(join(directory, 'usr/lib/one'), join(directory, 'usr/lib/two'));
  else await writeFile(join(directory, 'usr/lib/two'), text);
  for (let i = 0; i < 40; i++) {
    const path = join(directory, 'usr/lib', `data-${i}`);
    await writeFile(path, Buffer.alloc(9000 * (i % 5), `${i}-`));
    if (variant === 'odd') await utimes(path, 1_000_000 + i, 2_000_000 + i);
  }
  await writeFile(join(directory, 'usr/run-me'), '#!/bin/sh\n');
  chmodSync(join(directory, 'usr/run-me'), 0o4755);
  await symlink('usr/lib', join(directory, 'lib'));
  execFileSync('chmod', ['-R', 'u+rwX,go=rX', join(directory, 'usr')]);
  chmodSync(join(directory, 'usr/run-me'), 0o4755);
  chmodSync(directory, 0o755);
}

async function tree(t: ExecutionContext, variant?: 'plain' | 'odd'): Promise<string> {
  const directory = join(await scratch(t), 'tree');
  await mkdir(directory);
  await makeTree(directory, variant);
  return directory;
}

function tar(source: string, ...options: string[]): Buffer {
  return execFileSync('tar', ['--create', '--file=-', `--directory=${source}`, ...options], {
    maxBuffer: 64 * 1024 * 1024,
  });
}

async function buildError(t: ExecutionContext, build: Promise<unknown>): Promise<RoomError> {
  const error: unknown = await t.throwsAsync(build);
  if (!(error instanceof RoomError)) throw error;
  t.is(error.code, 'ERR_ROOM_PLANK_BUILD');
  return error;
}

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

test('progress rises, phase by phase', async (t) => {
  const out = await scratch(t);
  const source = join(out, 'x.tar');
  await writeFile(source, tar(await tree(t), '.'));
  const seen: PlankProgress[] = [];
  await buildPlank(
    { source, output: join(out, 'x.sqsh') },
    { onProgress: (progress) => seen.push(progress) },
  );
  t.deepEqual([...new Set(seen.map(({ phase }) => phase))], ['unpack', 'pack', 'sync', 'digest']);
  for (const phase of ['unpack', 'pack', 'digest']) {
    const percents = seen
      .filter((progress) => progress.phase === phase)
      .map(({ percent }) => percent as number);
    t.deepEqual(
      percents,
      [...new Set(percents)].sort((a, b) => a - b),
      phase,
    );
    t.is(percents[0], 0);
    t.is(percents.at(-1), 100);
  }
});

test('an error of the progress listener ends the build', async (t) => {
  const out = await scratch(t);
  const source = await tree(t);
  const onProgress = ({ phase, percent }: PlankProgress) => {
    if (phase === 'pack' && percent !== 0) throw new Error('enough');
  };
  await t.throwsAsync(buildPlank({ source, output: join(out, 'x.sqsh') }, { onProgress }), {
    message: 'enough',
  });
  t.deepEqual(await readdir(out), []);
});

test('an abort leaves nothing, in any phase', async (t) => {
  const archive = tar(await tree(t), '.');
  for (const at of ['unpack', 'pack', 'sync']) {
    const out = await scratch(t);
    const temporary = await scratch(t);
    const controller = new AbortController();
    const onProgress = ({ phase }: PlankProgress) => {
      if (phase === at) controller.abort(new Error(`at ${at}`));
    };
    const source = Readable.from([archive]);
    const build = buildPlank(
      { source, output: join(out, 'x.sqsh'), temporary },
      { onProgress, signal: controller.signal },
    );
    // What is complete is not thrown away: in the last phase an abort comes too late.
    if (at === 'sync') await build;
    else await t.throwsAsync(build, { message: `at ${at}` });
    t.deepEqual(await readdir(out), at === 'sync' ? ['x.sqsh'] : [], at);
    t.deepEqual(await readdir(temporary), [], at);
  }
});

test('an abort does not wait for a stream that has nothing to give', async (t) => {
  const begun = tar(await tree(t), '.').subarray(0, 20_000);
  for (const [delay, first] of [[0], [1], [3], [200], [0, begun], [200, begun]] as const) {
    const [out, temporary] = [await scratch(t), await scratch(t)];
    const source = new PassThrough();
    if (first) source.write(first);
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    setTimeout(() => {
      controller.abort(reason);
    }, delay);
    const { signal } = controller;
    const error = await t.throwsAsync(buildPlank({ source, output: join(out, 'x'), temporary }, { signal }));
    t.is(error, reason);
    t.true(source.destroyed);
    t.deepEqual([await readdir(out), await readdir(temporary)], [[], []]);
  }
});

test.serial('a build listens to signals only while it runs', async (t) => {
  const request = { source: await tree(t), output: join(await scratch(t), 'x') };
  const count = () => ['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => process.listenerCount(name));
  const before = count();
  const builds = [buildPlank(request), buildPlank(request), buildPlank({ ...request, source: '/absent' })];
  t.deepEqual(count(), [1, 1, 1]);
  await Promise.allSettled(builds);
  t.deepEqual(count(), before);
});

test('a signal that ends the process leaves nothing either', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const [out, temporary] = [await scratch(t), await scratch(t)];
    const child = startBuild({ source: standardInput, output: join(out, 'x.sqsh'), temporary });
    child.stdin.write(tar(await tree(t), '.').subarray(0, 50_000));
    const ended = once(child, 'exit');
    while (!(await readdir(temporary, { recursive: true })).includes(await oneFile(temporary)))
      await sleep(20);
    child.kill(signal);
    t.deepEqual(await ended, [null, signal]);
    t.deepEqual([await readdir(out), await readdir(temporary)], [[], []]);
  }
});

/** The name of something that was unpacked, or of nothing. */
async function oneFile(temporary: string): Promise<string> {
  const names = await readdir(temporary, { recursive: true });
  return names.find((name) => name.includes('tree/')) ?? '\0';
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

test('SOURCE_DATE_EPOCH and TAR_OPTIONS of the caller change nothing', async (t) => {
  const out = await scratch(t);
  const source = join(out, 'x.tar');
  await writeFile(source, tar(await tree(t), '.'));
  const { identity } = await buildPlank({ source, output: join(out, 'a') });
  const environment = { SOURCE_DATE_EPOCH: '5', TAR_OPTIONS: '--exclude=usr', XZ_OPT: '--nonsense' };
  const { stdout, stderr } = await runBuild({ source, output: join(out, 'b') }, { environment });
  t.is(stdout.trim(), identity, stderr);
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

/** Stands for `process.stdin` in a request for another process. */
const standardInput = '<stdin>';

interface RunOptions {
  readonly input?: Buffer;
  readonly path?: string;
  readonly mask?: string;
  readonly environment?: Record<string, string>;
  /** As a user without privileges, also when the tests run as root. */
  readonly unprivileged?: boolean;
}

/** A build in a process of its own: prints the identity, or `code message hint` on standard error. */
function startBuild(request: object, options: RunOptions = {}) {
  const program = `
    const { buildPlank } = await import(${JSON.stringify(new URL('../../src/plank/build.js', import.meta.url).href)});
    ${options.mask === undefined ? '' : `process.umask(0o${options.mask});`}
    const request = ${JSON.stringify(request)};
    if (request.source === '${standardInput}') request.source = process.stdin;
    try {
      console.log((await buildPlank(request)).identity);
    } catch (error) {
      console.error(error.code, error.message, error.hint);
      process.exitCode = 1;
    }`;
  const nobody = options.unprivileged === true && process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  return spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { PATH: options.path ?? '/usr/sbin:/usr/bin:/sbin:/bin', ...options.environment },
    ...nobody,
  });
}

async function runBuild(request: object, options: RunOptions = {}) {
  const child = startBuild(request, options);
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) =>
    stream.setEncoding('utf8').reduce((all: string, piece: string) => all + piece, ''),
  );
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: await (stdout as Promise<string>), stderr: await (stderr as Promise<string>) };
}
