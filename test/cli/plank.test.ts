import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import test from 'ava';
import type { FailureReport } from '../../src/cli/failure.js';
import type { PlankReport, PlankVerification } from '../../src/index.js';
import { scratch } from '../helpers/image.js';
import { anchor, StartedCommand, Terminal } from './anchor-command.js';

const run = promisify(execFile);

async function tree(directory: string): Promise<string> {
  const path = join(directory, 'tree');
  await mkdir(path);
  await writeFile(join(path, 'file'), 'content\n');
  return path;
}

test('build, inspect and verify a plank', async (t) => {
  const directory = await scratch(t);
  const output = join(directory, 'out.sqsh');
  const built = await anchor(['plank', 'build', await tree(directory), '-o', output]);
  t.deepEqual([built.code, built.stderr], [0, '']);
  t.regex(built.stdout, /^identity +sha256:[0-9a-f]{64}$/m);
  t.regex(built.stdout, /^compression +zstd, level 9$/m);

  const inspected = await anchor(['plank', 'inspect', output]);
  t.deepEqual([inspected.code, inspected.stdout], [0, built.stdout]);
  const { identity } = JSON.parse(
    (await anchor(['plank', 'inspect', '--json', output])).stdout,
  ) as PlankReport;
  t.true(built.stdout.includes(identity));

  const verified = await anchor(['plank', 'verify', '--digest', identity, output]);
  t.is(verified.code, 0);
  t.regex(verified.stdout, /^passed {2}digest /m);
  const other = await anchor(['plank', 'verify', '--json', '--digest', `sha256:${'0'.repeat(64)}`, output]);
  t.is(other.code, 1);
  const { ok, checks } = JSON.parse(other.stdout) as PlankVerification;
  t.false(ok);
  t.is(checks.find(({ name }) => name === 'digest')?.error?.code, 'ERR_ROOM_PLANK_DIGEST');
});

test('a tar on standard input, and the same bytes as from the directory', async (t) => {
  const directory = await scratch(t);
  const source = await tree(directory);
  await run('tar', ['cf', join(directory, 'tree.tar'), '-C', source, '.']);
  const input = await readFile(join(directory, 'tree.tar'));
  const options = ['--level', '3', '--json'];
  const outputs = ['a.sqsh', 'b.sqsh'].map((name) => join(directory, name)) as [string, string];
  const piped = await anchor(['plank', 'build', '-', ...options, '-o', outputs[0]], { input });
  const direct = await anchor(['plank', 'build', source, ...options, '-o', outputs[1]]);
  t.deepEqual([piped.code, direct.code, piped.stderr], [0, 0, '']);
  const [first, second] = [piped, direct].map(({ stdout }) => JSON.parse(stdout) as PlankReport);
  t.is(first?.identity, second?.identity);
  t.is(first?.compressionLevel, 3);
});

test('what a build has against its options', async (t) => {
  const directory = await scratch(t);
  const refused: [args: string[], code: number, stderr: RegExp][] = [
    [[directory], 2, /^anchor: -o OUTPUT is missing\n {2}hint: usage: anchor plank build /],
    [['-o', 'x'], 2, /^anchor: SOURCE is missing\n/],
    [[directory, 'more', '-o', 'x'], 2, /^anchor: one word too many: more\n/],
    [[directory, '-o', 'x', '--level', '0'], 2, /^anchor: --level: expected a whole number from 1 to 22/],
    [[directory, '-o', 'x', '--format', 'ext4'], 2, /^anchor: format: must be one of squashfs, erofs/],
    [['/no/such', '-o', join(directory, 'x')], 1, /^anchor: the source \/no\/such cannot be used/],
  ];
  for (const [args, code, stderr] of refused) {
    const result = await anchor(['plank', 'build', ...args]);
    t.is(result.code, code, args.join(' '));
    t.regex(result.stderr, stderr);
  }
  t.deepEqual(await readdir(directory), []);
});

test('a file that is no plank', async (t) => {
  const path = join(await scratch(t), 'text.sqsh');
  await writeFile(path, 'not a plank');
  const inspected = await anchor(['plank', 'inspect', '--json', path]);
  t.is(inspected.code, 1);
  t.is(inspected.stdout, '');
  t.like(JSON.parse(inspected.stderr) as FailureReport, { code: 'ERR_ROOM_PLANK_INVALID', path });
  const verified = await anchor(['plank', 'verify', path]);
  t.is(verified.code, 1);
  t.regex(verified.stdout, /^failed {2}header /);
  t.is((await anchor(['plank', 'verify', '--digest', 'md5:1', path])).code, 2);
});

test('on a terminal a build shows how far it is', async (t) => {
  const directory = await scratch(t);
  const built = new Terminal(['plank', 'build', await tree(directory), '-o', join(directory, 'out.sqsh')]);
  await built.until('packing');
  await built.until('identity');
  t.deepEqual(await built.ended, { code: 0, restored: true });
});

test('a build that is interrupted leaves nothing behind', async (t) => {
  const directory = await scratch(t);
  const temporary = join(directory, 'temporary');
  await mkdir(temporary);
  const output = join(directory, 'out.sqsh');
  const started = new StartedCommand(['plank', 'build', '-', '--temporary', temporary, '-o', output]);
  while (started.child.exitCode === null && (await readdir(temporary)).length === 0) await sleep(10);
  started.child.kill('SIGINT');
  const { code, stderr } = await started.ended;
  t.deepEqual([code, stderr], [130, 'anchor: interrupted by SIGINT\n']);
  t.deepEqual(await readdir(directory), ['temporary']);
  t.deepEqual(await readdir(temporary), []);
});

test('a second signal ends a build that cannot be stopped otherwise', async (t) => {
  const directory = await scratch(t);
  const pipe = join(directory, 'pipe');
  await run('mkfifo', [pipe]);
  // Nobody ever opens the other end of the pipe, and open(2) waits for that.
  const started = new StartedCommand(['plank', 'build', pipe, '-o', join(directory, 'out.sqsh')], {
    env: { ...process.env, TMPDIR: directory },
  });
  while (started.child.exitCode === null && (await readdir(directory)).length < 2) await sleep(10);
  started.child.kill('SIGINT');
  while (started.child.exitCode === null && started.child.signalCode === null) {
    await sleep(100);
    started.child.kill('SIGINT');
  }
  await started.ended;
  t.is(started.child.signalCode, 'SIGINT');
});
