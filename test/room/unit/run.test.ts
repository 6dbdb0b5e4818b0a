import test from 'ava';
import { PassThrough, Readable, Writable } from 'node:stream';
import type { Outcome } from '../../../src/room/outcome.js';
import type { Room } from '../../../src/room/room.js';
import { capture, checkRunOptions } from '../../../src/run.js';

/** As much of a room as is captured. */
function fakeRoom(parts: { stdin?: Writable | null; stdout?: Readable | null; stderr?: Readable | null }) {
  const calls: string[] = [];
  const outcome = { reason: 'exited', exitCode: 0 } as Outcome;
  const room = {
    stdin: null,
    stdout: null,
    stderr: null,
    exited: Promise.resolve(outcome),
    destroy: () => Promise.resolve(calls.push('destroy')),
    ...parts,
  };
  return { room: room as unknown as Room, calls, outcome };
}

test('what a room says is text, or bytes', async (t) => {
  const streams = () => ({
    stdout: Readable.from([Buffer.from('ü'), Buffer.from('!')]),
    stderr: Readable.from([]),
  });
  const { room, outcome } = fakeRoom(streams());
  const none = { stdout: false, stderr: false };
  t.deepEqual(await capture(room, {}), { stdout: 'ü!', stderr: '', truncated: none, outcome, room });
  const { stdout } = await capture(fakeRoom(streams()).room, { encoding: 'buffer' });
  t.deepEqual(stdout, Buffer.from('ü!'));
});

test('a stream is kept up to a limit, and read to its end', async (t) => {
  const stdout = Readable.from([Buffer.from('abcdef'), Buffer.from('ghi')]);
  const stderr = Readable.from([Buffer.from('exact')]);
  const result = await capture(fakeRoom({ stdout, stderr }).room, { maxBytes: 5 });
  t.is(result.stdout, 'abcde');
  t.is(result.stderr, 'exact');
  t.deepEqual(result.truncated, { stdout: true, stderr: false });
  t.true(stdout.readableEnded);
});

test('input is fed and ends', async (t) => {
  for (const input of ['text', Buffer.from('text'), Readable.from(['te', 'xt'])]) {
    const stdin = new PassThrough();
    await capture(fakeRoom({ stdin }).room, { input });
    t.is(String(await stdin.toArray()), 'text');
  }
  const stdin = new PassThrough();
  await capture(fakeRoom({ stdin }).room, {});
  t.true(stdin.writableEnded);
});

test('a command need not read its input', async (t) => {
  const stdin = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('broken pipe'), { code: 'EPIPE' })),
  });
  const { outcome } = await capture(fakeRoom({ stdin }).room, { input: Readable.from(['a', 'b']) });
  t.is(outcome.reason, 'exited');
});

test('input that fails ends the room', async (t) => {
  const { room, calls } = fakeRoom({ stdin: new PassThrough().resume() });
  const failing = async function* () {
    yield 'a';
    throw new Error('no more');
  };
  await t.throwsAsync(capture(room, { input: failing() }), { message: 'no more' });
  t.deepEqual(calls, ['destroy']);
});

test('a limit is a whole number', (t) => {
  t.notThrows(() => checkRunOptions({ maxBytes: 0 }));
  for (const maxBytes of [-1, 1.5, NaN, '5' as never]) {
    t.throws(() => checkRunOptions({ maxBytes }), { instanceOf: RangeError, message: /^maxBytes: / });
  }
});
