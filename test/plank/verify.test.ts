import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { RoomError, SpecRangeError } from '../../src/errors.js';
import { digestPlank, PlankIdentities } from '../../src/plank/digest.js';
import { inspectPlank } from '../../src/plank/inspect.js';
import { verifyPlank, type PlankVerification } from '../../src/plank/verify.js';
import { busyboxPlank, scratch } from '../helpers/image.js';

async function copyOf(t: ExecutionContext, format?: 'erofs'): Promise<string> {
  const path = join(await scratch(t), 'room.sqsh');
  await copyFile(await busyboxPlank(format), path);
  return path;
}

function results({ checks }: PlankVerification): string[] {
  return checks.map(({ name, result }) => `${name} ${result}`);
}

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 0xff;
  return copy;
}

test('the digest is that of sha256sum, with progress', async (t) => {
  const path = await busyboxPlank();
  const seen: number[] = [];
  const digest = await digestPlank(path, { onProgress: (fraction) => seen.push(fraction) });
  t.is(digest, `sha256:${execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64)}`);
  t.deepEqual(
    seen,
    [...new Set(seen)].sort((a, b) => a - b),
  );
  t.is(seen.at(-1), 1);
  t.is((await inspectPlank(path)).identity, digest);
});

test('a digest can be stopped', async (t) => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const onProgress = () => controller.abort(reason);
  const error = await t.throwsAsync(
    digestPlank(await busyboxPlank(), { signal: controller.signal, onProgress }),
  );
  t.is(error, reason);
});

test('identities are remembered while the file is the same, and only then', async (t) => {
  const path = await copyOf(t);
  const original = await readFile(path);
  const identities = new PlankIdentities();
  const expected = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

  t.is(await identities.digest(path), expected(original));
  // Changed at once, the same size and time: not even the tick of the clock may matter.
  const changed = flip(original, 5000);
  await writeFile(path, changed);
  await utimes(path, 1, 1);
  t.is(await identities.digest(path), expected(changed));
  await writeFile(path, original);
  await utimes(path, 1, 1);
  t.is(await identities.digest(path), expected(original));

  // Old enough to be remembered: from now on the same promise is shared.
  await sleep(1100);
  t.is(await identities.digest(path), expected(original));
  const [one, two] = await Promise.all([identities.digest(path), identities.digest(path)]);
  t.is(one, two);
  await writeFile(`${path}.new`, changed);
  await utimes(`${path}.new`, 1, 1);
  await rename(`${path}.new`, path);
  t.is(await identities.digest(path), expected(changed));
  await t.throwsAsync(identities.digest(`${path}.absent`), { message: /there is no plank/ });
});

test('a file that changes while it is read has no digest', async (t) => {
  const path = join(await scratch(t), 'x');
  await writeFile(path, Buffer.alloc(3 * 1024 * 1024));
  let written: Promise<void> | undefined;
  const onProgress = () => {
    written ??= writeFile(path, 'short', { flag: 'r+' });
  };
  const error = await t.throwsAsync(digestPlank(path, { onProgress }), {
    message: /changed while it was read/,
  });
  await written;
  t.true(error instanceof RoomError);
});

test('a file that is replaced while it is read keeps its digest', async (t) => {
  const path = join(await scratch(t), 'x');
  const bytes = Buffer.alloc(3 * 1024 * 1024, 7);
  await writeFile(path, bytes);
  await writeFile(`${path}.new`, 'another');
  let renamed: Promise<void> | undefined;
  const onProgress = () => {
    renamed ??= rename(`${path}.new`, path);
  };
  t.is(await digestPlank(path, { onProgress }), `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  await renamed;
  t.is(await readFile(path, 'utf8'), 'another');
});

test('verify says what it checked and what it did not', async (t) => {
  for (const format of [undefined, 'erofs'] as const) {
    const path = await copyOf(t, format);
    const digest = await digestPlank(path);
    const bare = await verifyPlank(path);
    t.true(bare.ok);
    t.is(bare.identity, digest);
    t.deepEqual(results(bare), ['header passed', 'digest skipped', 'structure passed']);
    const full = await verifyPlank(path, { digest: digest.toUpperCase().replace('SHA256', 'sha256') });
    t.deepEqual(results(full), ['header passed', 'digest passed', 'structure passed']);
  }
});

test('verify against a sidecar', async (t) => {
  const path = await copyOf(t);
  const sum = (...args: string[]) =>
    execFileSync('sha256sum', args, { cwd: dirname(path), encoding: 'utf8' });
  for (const text of [
    sum(basename(path)),
    sum('--binary', path),
    `${'0'.repeat(64)}  other\n${sum(path)}`,
    sum(path).slice(0, 64),
  ]) {
    await writeFile(`${path}.sha256`, text);
    t.deepEqual(
      results(await verifyPlank(path)),
      ['header passed', 'digest passed', 'structure passed'],
      text,
    );
  }
  for (const text of [`${'0'.repeat(64)}  other\n`, '', 'what is this']) {
    await writeFile(`${path}.sha256`, text);
    const report = await verifyPlank(path);
    t.false(report.ok);
    t.regex(report.checks[1]?.error?.message ?? '', /has no line for room\.sqsh/);
  }
  await writeFile(`${path}.sha256`, `${'0'.repeat(64)}  room.sqsh\n`);
  const wrong = await verifyPlank(path);
  t.false(wrong.ok);
  t.is(wrong.checks[1]?.error?.code, 'ERR_ROOM_PLANK_DIGEST');
  t.deepEqual(results(wrong), ['header passed', 'digest failed', 'structure skipped']);
  // A digest that is asked for wins over the file beside it.
  t.true((await verifyPlank(path, { digest: wrong.identity as string })).ok);
});

test('verify finds damage behind the superblock', async (t) => {
  const path = await copyOf(t);
  const bytes = await readFile(path);
  const digest = await digestPlank(path);
  await writeFile(path, flip(bytes, 300_000));
  t.is((await verifyPlank(path, { digest })).checks[1]?.error?.code, 'ERR_ROOM_PLANK_DIGEST');
  const inodeTable = Number(bytes.readBigUInt64LE(64));
  await writeFile(
    path,
    Buffer.concat([bytes.subarray(0, inodeTable), Buffer.alloc(bytes.length - inodeTable, 0x55)]),
  );
  const report = await verifyPlank(path);
  t.deepEqual(results(report), ['header passed', 'digest skipped', 'structure failed']);
  t.regex(report.checks[2]?.error?.message ?? '', /unsquashfs exited with/);
});

test('verify of what is no plank, and of a malformed digest', async (t) => {
  const missing = await verifyPlank(join(await scratch(t), 'absent'));
  t.is(missing.checks[0]?.error?.code, 'ERR_ROOM_PLANK_NOT_FOUND');
  t.deepEqual(results(missing), ['header failed', 'digest skipped', 'structure skipped']);
  t.is(missing.format, null);
  const error = await t.throwsAsync(verifyPlank(await busyboxPlank(), { digest: 'abc' }));
  t.true(error instanceof SpecRangeError);
});
