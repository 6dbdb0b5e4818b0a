import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import type { RoomError } from '../../src/index.js';
import { runFresh } from '../helpers/fresh-process.js';
import { library, nextText, until, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

async function text(stream: Readable | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of (stream ?? []) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('64 MiB go in and come out again, whole and in order', async (t) => {
  const size = 64 * 1024 * 1024;
  const room = await rooms.anchor.spawn(rooms.spec(['cat']));
  const sent = createHash('sha256');
  const received = createHash('sha256');
  let total = 0;
  const source = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < size; at += 65_536) {
      const chunk = Buffer.alloc(65_536, at / 65_536);
      sent.update(chunk);
      yield chunk;
    }
  };
  const reading = (async () => {
    for await (const chunk of (room.stdout ?? []) as AsyncIterable<Buffer>) {
      received.update(chunk);
      total += chunk.length;
    }
  })();
  await pipeline(source, room.stdin!);
  await reading;
  t.is((await room.exited).exitCode, 0);
  t.is(total, size);
  t.is(received.digest('hex'), sent.digest('hex'));
});

test('a writer in the room waits for a slow reader', async (t) => {
  const room = await rooms.start(
    t,
    'dd if=/dev/zero bs=64k count=256 2>/dev/null; echo done >&2; exec sleep 1000',
  );
  await until(() => (room.stdout?.readableLength ?? 0) > 0);
  for (let turns = 0; turns < 100; turns++) await turn();
  // Node's buffer and the pipe are far smaller than 16 MiB.
  t.true((room.stdout?.readableLength ?? 0) < 1024 * 1024);
  t.is(room.stderr?.read(), null, 'so it is not done');
  room.stdout?.resume();
  t.is(await nextText(room.stderr), 'done\n');
});

test('this process waits when the room does not read', async (t) => {
  const room = await rooms.start(t, 'read go; wc -c');
  t.false(room.stdin!.write(Buffer.alloc(256 * 1024, 'x')), 'the stream asks to wait');
  t.true(room.stdin!.writableNeedDrain);
  room.stdin!.end('\nrest');
  t.is(await text(room.stdout), '4\n');
});

test('the end of stdin is the end in the room', async (t) => {
  const { stdout, outcome } = await rooms.anchor.run(rooms.spec(['wc', '-c']), { input: 'twelve bytes' });
  t.is(stdout.trim(), '12');
  t.is(outcome.exitCode, 0);
  t.is((await rooms.anchor.run(rooms.spec(['wc', '-c']))).stdout.trim(), '0');
});

test('a room that closes its stdin hurts nobody', async (t) => {
  const room = await rooms.start(t, 'exec 0<&-; echo closed; exec sleep 1000');
  await nextText(room.stdout);
  const [error] = (await Promise.all([
    once(room.stdin!, 'error'),
    new Promise<void>((resolve) => room.stdin!.write(Buffer.alloc(1 << 20), () => resolve())),
  ]).then(([[first]]) => [first])) as [NodeJS.ErrnoException];
  t.is(error.code, 'EPIPE');
});

test('stdout and stderr are apart', async (t) => {
  const { stdout, stderr } = await rooms.anchor.run(rooms.shell('echo out; echo err >&2'));
  t.deepEqual([stdout, stderr], ['out\n', 'err\n']);
});

test('output can be read after the room is gone', async (t) => {
  const room = await rooms.anchor.spawn(rooms.shell('echo out; echo err >&2'));
  await room.exited;
  await room.removed;
  t.deepEqual(await Promise.all([text(room.stdout), text(room.stderr)]), ['out\n', 'err\n']);
});

test('output that nobody reads does not keep a room from ending', async (t) => {
  const room = await rooms.anchor.spawn(rooms.shell('echo unread; exit 3'));
  t.is((await room.exited).exitCode, 3);
  t.is(await room.removed, null);
});

test('a stream ends with the last writer, not with the command', async (t) => {
  const room = await rooms.anchor.spawn(rooms.shell('(sleep 0.1; echo late) & echo early'));
  // The command is PID 2 and its end takes the room along: what is left behind cannot write any more.
  t.is(await text(room.stdout), 'early\n');
  await room.removed;
});

test('ignore is /dev/null', async (t) => {
  const room = await rooms.anchor.spawn(
    rooms.shell(
      'for i in 0 1 2; do stat -Lc %t:%T /proc/self/fd/$i; done > /tmp/out; cat; echo x; cat /tmp/out > /proc/self/fd/9 2>/dev/null; grep -c "^1:3$" /tmp/out | grep -q 3',
      {
        stdio: 'ignore',
      },
    ),
  );
  t.deepEqual([room.stdin, room.stdout, room.stderr], [null, null, null]);
  t.is((await room.exited).reason, 'exited');
});

test('an fd of this process can be any of the three', async (t) => {
  const input = join(rooms.directory, 'input');
  const output = join(rooms.directory, 'output');
  writeFileSync(input, 'from a file\n');
  const fds = [openSync(input, 'r'), openSync(output, 'w')] as const;
  const room = await rooms.anchor.spawn(
    rooms.shell('cat; echo error >&2', { stdio: [fds[0], fds[1], 'pipe'] }),
  );
  t.deepEqual([room.stdin, room.stdout], [null, null]);
  t.is(await text(room.stderr), 'error\n');
  await room.exited;
  for (const fd of fds) closeSync(fd);
  t.is(readFileSync(output, 'utf8'), 'from a file\n');
});

test('an fd that is not open is refused by name', async (t) => {
  const error = await t.throwsAsync(
    rooms.anchor.spawn(rooms.shell('true', { stdio: ['ignore', 54_321, 'ignore'] })),
  );
  t.is((error as RoomError).step, 'stdio');
  t.regex((error as RoomError).hint ?? '', /not an open fd/);
});

test('inherit gives the room the streams of this process', async (t) => {
  const source = `
    import { Anchor } from ${JSON.stringify(library)};
    const anchor = await Anchor.open();
    const command = ['sh', '-c', 'wc -c; echo out; echo error >&2'];
    const room = await anchor.spawn({ plank: ${JSON.stringify(rooms.plank)}, command, stdio: 'inherit' });
    if (room.stdin ?? room.stdout ?? room.stderr) throw new Error('there are streams');
    await room.exited;
    await anchor.close();`;
  const { stdout, stderr, code } = await runFresh(source);
  t.is(code, 0, stderr);
  t.is(stdout, '0\nout\n');
  t.is(stderr, 'error\n');
});

test('bytes that are no text pass unchanged', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const { stdout } = await rooms.anchor.run(rooms.spec(['cat']), { input: bytes, encoding: 'buffer' });
  t.deepEqual(stdout, bytes);
});

test('run() keeps no more than maxBytes and lets the command finish', async (t) => {
  const { stdout, truncated, outcome } = await rooms.anchor.run(rooms.shell('seq 1 100000; echo x >&2'), {
    maxBytes: 100,
  });
  t.is(stdout.length, 100);
  t.deepEqual(truncated, { stdout: true, stderr: false });
  t.is(outcome.exitCode, 0);
});

test('a stream of this process can be the input', async (t) => {
  const chunks = async function* (): AsyncGenerator<string> {
    for (let at = 0; at < 1000; at++) yield `${at}\n`;
  };
  const { stdout } = await rooms.anchor.run(rooms.spec(['wc', '-l']), { input: chunks() });
  t.is(stdout.trim(), '1000');
  const early = await rooms.anchor.run(rooms.spec(['head', '-n', '1']), { input: chunks() });
  t.is(early.stdout, '0\n', 'also for a command that does not read all of it');
});

test('destroying a room ends the streams of whoever reads them', async (t) => {
  const room = await rooms.anchor.spawn(rooms.shell('echo first; exec sleep 1000'));
  const ended = finished(room.stdout!, { writable: false }).catch((error: unknown) => error);
  await nextText(room.stdout);
  await room.destroy();
  t.is(await ended, undefined);
});
