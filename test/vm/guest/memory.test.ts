import { readFileSync } from 'node:fs';
import test from 'ava';
import type { RoomError } from '../../../src/index.js';
import { counter, openAnchor, shell, spec } from '../../helpers/vm-guest.js';

const MiB = 1 << 20;

test('a room of 64 MiB that takes 1 GiB ends out of memory, and nobody else notices', async (t) => {
  const anchor = await openAnchor(t);
  const bystander = await anchor.spawn(shell('read line; echo $line'));
  const { stdout, outcome } = await anchor.run(spec(['hog', '1024'], { limits: { memory: '64MiB' } }));
  t.is(outcome.reason, 'out-of-memory');
  t.is(stdout, '');
  t.true(outcome.limits.some(({ limit, where }) => limit === 'memory' && where === 'room'));
  const peak = outcome.usage.memoryPeak ?? 0;
  t.true(peak <= 65 * MiB, `peak ${peak}`);
  t.true(peak >= 32 * MiB, `peak ${peak}`);

  bystander.stdin?.end('still here\n');
  t.is((await bystander.exited).reason, 'exited');
});

test('what fits into the limit runs to its end', async (t) => {
  const anchor = await openAnchor(t);
  const { stdout, outcome } = await anchor.run(spec(['hog', '16'], { limits: { memory: '64MiB' } }));
  t.is(stdout, 'held 16\n');
  t.is(outcome.reason, 'exited');
  t.true((outcome.usage.memoryPeak ?? 0) >= 16 * MiB);
});

test('a child that takes too much takes the whole room along', async (t) => {
  const anchor = await openAnchor(t);
  const limits = { memory: '32MiB' };
  const { stdout, outcome } = await anchor.run(shell('echo before; hog 256; echo survived', { limits }));
  t.is(outcome.reason, 'out-of-memory');
  t.is(stdout, 'before\n');
});

test('files in the writable layer count as memory of the room', async (t) => {
  const anchor = await openAnchor(t);
  const limits = { memory: '16MiB', disk: '256MiB' };
  const { outcome } = await anchor.run(shell('dd if=/dev/zero of=/tmp/file bs=1M count=64', { limits }));
  t.is(outcome.reason, 'out-of-memory');
});

test('the kernel never takes this process for the victim of a tiny room', async (t) => {
  // The limit is armed after exec: before it the room shares the memory of this process, and the kernel kills by memory.
  const anchor = await openAnchor(t);
  const before = counter(readFileSync('/proc/vmstat', 'utf8'), 'oom_kill');
  const ends = new Set<string>();
  const rounds = 1000;
  const atOnce = 8;
  for (let round = 0; round < rounds; round += atOnce) {
    const rooms = Array.from({ length: atOnce }, async () => {
      const { outcome } = await anchor.run(spec(['hog', '4'], { limits: { memory: '256KiB' } }));
      return outcome.reason;
    });
    // Whom the kernel takes first is its own affair: the command, or room-init before the command runs.
    const codeOf = (error: unknown): string => (error as RoomError).code;
    for (const end of await Promise.all(rooms.map((room) => room.catch(codeOf)))) ends.add(end);
  }
  ends.delete('ERR_ROOM_INIT_DIED');
  t.deepEqual([...ends], ['out-of-memory']);
  const kills = counter(readFileSync('/proc/vmstat', 'utf8'), 'oom_kill') - before;
  t.true(kills >= rounds, `${kills} kills in ${rounds} rooms`);
});
