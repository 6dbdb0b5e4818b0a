import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Anchor, type Abortable } from '../../src/index.js';
import { often, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);
const rounds = often(200);

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

test('aborted before, nothing is made and the reason is what spawn() rejects with', async (t) => {
  const reason = new Error('changed my mind');
  const before = rooms.anchor.rooms.size;
  const error: unknown = await rooms.anchor
    .spawn(rooms.shell('sleep 1000'), { signal: AbortSignal.abort(reason) })
    .catch((caught: unknown) => caught);
  t.is(error, reason);
  t.is(rooms.anchor.rooms.size, before);
});

test('aborted afterwards, the room ends and its outcome says so', async (t) => {
  const controller = new AbortController();
  const { signal } = controller;
  const room = await rooms.anchor.spawn(rooms.shell('sleep 1000'), { signal });
  t.is(listeners(signal), 1);
  controller.abort();
  t.is((await room.exited).reason, 'aborted');
  t.is(await room.removed, null);
  t.is(listeners(signal), 0);
});

test('run() resolves with what was said before the abort', async (t) => {
  const anchor = await Anchor.open();
  t.teardown(() => anchor.close());
  const controller = new AbortController();
  anchor.once('started', (room) => room.stdout?.once('readable', () => controller.abort()));
  const { stdout, outcome } = await anchor.run(rooms.shell('echo said; sleep 1000'), {
    signal: controller.signal,
  });
  t.is(outcome.reason, 'aborted');
  t.is(stdout, 'said\n');
});

test('a signal that never aborts keeps no listener', async (t) => {
  const { signal } = new AbortController();
  for (let round = 0; round < 20; round++) {
    const { room } = await rooms.anchor.run(rooms.shell('true'), { signal });
    await room.removed;
    await rooms.anchor.spawn(rooms.spec(['no-such-program']), { signal }).catch(() => {});
  }
  const room = await rooms.start(t, 'sleep 1000');
  for (let round = 0; round < 5; round++) await (await room.exec(['true'], { signal })).exited;
  await room.exec(['no-such-program'], { signal }).catch(() => {});
  t.is(listeners(signal), 0);
});

test(`aborted at any moment, ${rounds} times, spawn() rejects with the reason or gives a room that is aborted`, async (t) => {
  const one = async (): Promise<string> => {
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('now');
    const making = rooms.anchor.spawn(rooms.shell('sleep 1000'), { signal });
    making.catch(() => {});
    // From the first microsecond on to well after the start.
    const wait = Math.random() * 6000;
    if (wait > 1000) await sleep(wait / 1000);
    else for (const end = performance.now() + wait / 1000; performance.now() < end;);
    controller.abort(reason);
    try {
      const room = await making;
      const outcome = await room.exited;
      t.is(await room.removed, null);
      t.is(outcome.reason, 'aborted');
      return 'ended';
    } catch (error) {
      t.is(error, reason);
      return 'refused';
    } finally {
      t.is(listeners(signal), 0);
    }
  };
  const ends = new Set<string>();
  for (let round = 0; round < rounds; round += 4)
    for (const end of await Promise.all([one(), one(), one(), one()])) ends.add(end);
  t.true(ends.has('refused'));
});

test('an exec that is aborted at any moment leaves the room as it was', async (t) => {
  const room = await rooms.start(t, 'exec sleep 1000');
  for (let round = 0; round < rounds / 4; round++) {
    const controller = new AbortController();
    const making = room.exec(['sleep', '1000'], { signal: controller.signal });
    await sleep(Math.random() * 3);
    controller.abort();
    const end = await making.then(
      async (process) => (await process.exited).reason,
      (error: unknown) => (error as Error).name,
    );
    t.true(end === 'aborted' || end === 'AbortError', end);
  }
  const listing = await room.exec(['ps', '-o', 'args']);
  let text = '';
  for await (const chunk of listing.stdout ?? []) text += String(chunk);
  t.is(text.match(/^sleep 1000$/gm)?.length, 1);
});

test('what is no signal is refused', async (t) => {
  for (const signal of [{}, 'abort', new AbortController(), null])
    await t.throwsAsync(rooms.anchor.spawn(rooms.shell('true'), { signal } as Abortable), {
      instanceOf: TypeError,
      message: /^signal/,
    });
});
