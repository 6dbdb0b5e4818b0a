import { mkdir, readFile, readdir } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { RoomError } from '../../src/errors.js';
import { buildPlank } from '../../src/plank/build.js';
import { TarSieve } from '../../src/plank/tar-sieve.js';
import { parsePaxRecords } from '../../src/plank/tar-member.js';
import { scratch } from '../helpers/image.js';

interface Member {
  readonly name: string;
  readonly type?: string;
  readonly link?: string;
  readonly data?: string;
  readonly mode?: number;
}

function record(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

function member({ name, type = '0', link = '', data = '', mode = 0o644 }: Member): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'latin1');
  header.write(mode.toString(8).padStart(7, '0'), 100);
  header.write('0000000\0' + '0000000\0', 108);
  header.write(data.length.toString(8).padStart(11, '0'), 124);
  header.write('00000000000\0' + '        ', 136);
  header.write(type, 156);
  header.write(link, 157, 100, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  // Device numbers.
  header.write('0000001\0' + '0000003\0', 329);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, record(data)]);
}

/** One record of an extended header; its length counts itself. */
function pax(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  return `${rest.length + 2}${rest}`;
}

const end = Buffer.alloc(1024);

function archive(...members: Member[]): Buffer {
  return Buffer.concat([...members.map(member), end]);
}

async function sieve(bytes: Buffer, pieceSize = 700): Promise<{ out: Buffer; implied: string[] }> {
  const stage = new TarSieve();
  const pieces: Buffer[] = [];
  stage.on('data', (piece: Buffer) => pieces.push(piece));
  for (let at = 0; at < bytes.length; at += pieceSize) stage.write(bytes.subarray(at, at + pieceSize));
  const done = new Promise((resolve, reject) => stage.on('end', resolve).on('error', reject));
  stage.end();
  await done;
  return { out: Buffer.concat(pieces), implied: stage.undeclaredDirectories };
}

async function refusal(t: ExecutionContext, bytes: Buffer, message: RegExp): Promise<void> {
  const error = await t.throwsAsync(sieve(bytes), { message });
  t.true(error instanceof RoomError);
}

test('members go through as they are, in any cut', async (t) => {
  const long = 'd/'.repeat(80) + 'file';
  const bytes = archive(
    { name: 'g', type: 'g', data: pax('comment', 'hello!') },
    { name: 'a', data: 'x'.repeat(1500) },
    { name: '././@LongLink', type: 'L', data: `${long}\0` },
    { name: long.slice(0, 100), data: 'long' },
    { name: 'pax', type: 'x', data: pax('path', 'b/\xc3\xa9\xff') },
    { name: 'b', data: '' },
    { name: 'l', type: '2', link: 'a' },
    { name: 'h', type: '1', link: 'a' },
    { name: 'p', type: '6' },
    { name: 'e/', type: '5' },
  );
  const withoutGlobal = bytes.subarray(1024);
  for (const cut of [1, 511, 512, 513, 100_000])
    t.deepEqual((await sieve(bytes, cut)).out, withoutGlobal, `${cut}`);
  const { implied } = await sieve(bytes);
  t.is(implied.length, 81);
  t.deepEqual(implied.slice(0, 3), ['b', 'd', 'd/d']);
});

test('device nodes, links to them and volume labels are left out', async (t) => {
  const kept = [
    { name: 'dev/', type: '5' },
    { name: 'dev/x', data: 'now a file' },
    { name: 'y', type: '1', link: 'dev/x' },
  ];
  const bytes = archive(
    { name: 'label', type: 'V' },
    { name: 'dev/', type: '5' },
    { name: 'dev/null', type: '3' },
    { name: 'pax', type: 'x', data: pax('path', 'dev/disk') },
    { name: 'short', type: '4' },
    { name: 'dev/again', type: '1', link: './dev/null' },
    { name: 'dev/x', type: '3' },
    { name: 'dev/x', data: 'now a file' },
    { name: 'y', type: '1', link: 'dev/x' },
  );
  t.deepEqual((await sieve(bytes)).out, archive(...kept));
});

test('what leads out of the tree or is damaged is refused', async (t) => {
  await refusal(t, archive({ name: '../x' }), /"\.\.\/x" in it leads out of the tree/);
  await refusal(t, archive({ name: 'a/../../x' }), /leads out/);
  await refusal(t, archive({ name: 'ok', type: '1', link: '../../etc/shadow' }), /"ok".*etc\/shadow/);
  await refusal(
    t,
    archive({ name: 'x', type: 'x', data: pax('path', '../../x') }, { name: 'b' }),
    /leads out/,
  );
  await refusal(t, archive({ name: 'x', type: 'L', data: '../x\0' }, { name: 'b' }), /leads out/);
  await refusal(t, archive({ name: 'x', type: 'g', data: pax('path', 'evil') }), /global header/);
  await refusal(t, archive({ name: 'x', type: 'x', data: '99 path=short\n' }), /malformed/);
  await refusal(t, archive({ name: 'x', type: 'Q' }), /unknown kind "Q"/);
  await refusal(t, archive({ name: 'a', data: 'x'.repeat(600) }).subarray(0, 1024), /truncated/);
  await refusal(t, archive({ name: 'a' }).subarray(0, 512), /truncated/);
  await refusal(t, Buffer.from('x'.repeat(512)), /damaged, or it is no tar/);
  await refusal(t, Buffer.alloc(0), /empty/);
});

test('random damage never gives anything but an error of this package', async (t) => {
  const bytes = archive(
    { name: 'pax', type: 'x', data: pax('path', 'dev/disk') },
    { name: 'a', data: 'xyz' },
  );
  for (let i = 0; i < 500; i++) {
    const copy = Buffer.from(bytes);
    for (let flips = 0; flips < 4; flips++) {
      const at = (i * 7919 + flips * 104729) % copy.length;
      copy[at] = (copy[at] as number) ^ (1 << ((i + flips) % 8));
    }
    try {
      await sieve(copy, 512);
    } catch (error) {
      t.true(error instanceof RoomError, String(error));
    }
  }
  t.is(parsePaxRecords(Buffer.from('0 a=b\n')), null);
  t.is(parsePaxRecords(Buffer.from('-4 a=b\n')), null);
  t.deepEqual(
    parsePaxRecords(Buffer.from('6 a=b\n6 c=d\n')),
    new Map([
      ['a', 'b'],
      ['c', 'd'],
    ]),
  );
});

test('a member behind a link that leads outside is not written there', async (t) => {
  const [out, outside] = [await scratch(t), await scratch(t)];
  for (const link of [outside, `../../../../../../../../../..${outside}`]) {
    const bytes = archive({ name: 'way', type: '2', link }, { name: 'way/file', data: 'escaped' });
    const error = await t.throwsAsync(buildPlank({ source: Readable.from([bytes]), output: join(out, 'x') }));
    t.true(error instanceof RoomError);
    t.deepEqual(await readdir(outside), []);
    t.deepEqual(await readdir(out), []);
  }
});

test('the mode of a directory outside is not changed through a link', async (t) => {
  const [out, outside] = [await scratch(t), await scratch(t)];
  await mkdir(join(outside, 'below'), { mode: 0o700 });
  // The member is left out, so nothing makes `way` a directory, and yet `way/below` is known only from it.
  const bytes = archive({ name: 'way/below/device', type: '3' }, { name: 'way', type: '2', link: outside });
  await buildPlank({ source: Readable.from([bytes]), output: join(out, 'x') });
  t.is(execFileSync('stat', ['-c', '%a', join(outside, 'below')], { encoding: 'utf8' }).trim(), '700');
});

test('modes, links and contents arrive in the plank', async (t) => {
  const out = await scratch(t);
  const bytes = archive(
    { name: './', type: '5', mode: 0o700 },
    { name: './etc/', type: '5', mode: 0o555 },
    { name: './etc/motd', data: 'hello\n', mode: 0o640 },
    { name: './su', data: 'x', mode: 0o4755 },
    { name: '/absolute', data: 'y' },
    { name: 'etc/null', type: '3' },
  );
  await buildPlank({ source: Readable.from([bytes]), output: join(out, 'x') });
  const listing = execFileSync('unsquashfs', ['-lls', join(out, 'x')], { encoding: 'utf8' });
  const lines = listing.split('\n').filter((line) => line !== '');
  t.deepEqual(
    lines.map((line) => [line.split(' ')[0], line.split('squashfs-root')[1]]),
    [
      ['drwxr-xr-x', ''],
      ['-rw-r--r--', '/absolute'],
      ['dr-xr-xr-x', '/etc'],
      ['-rw-r-----', '/etc/motd'],
      ['-rwsr-xr-x', '/su'],
    ],
  );
  execFileSync('unsquashfs', ['-d', join(out, 'root'), join(out, 'x')]);
  t.is(await readFile(join(out, 'root/etc/motd'), 'utf8'), 'hello\n');
});
