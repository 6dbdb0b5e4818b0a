// Limits of rooms that wait: those of the spec, and those that `take()` brings.
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import test from 'ava';
import { Anchor, type Pool, type Room, type TakeOptions } from '../../../src/index.js';
import { cgroupFile, cgroupOf, nextText, openAnchor, planks, until } from '../../helpers/vm-guest.js';

const MiB = 1 << 20;
const plank = planks.squashfs;

const hog = (megabytes: number): TakeOptions => ({ command: ['hog', String(megabytes)] });
const holding: TakeOptions = { command: ['/bin/sh', '-c', 'echo ready; read end'] };

async function taken(pool: Pool, options: TakeOptions): Promise<Room> {
  await pool.ready();
  const { hits } = pool.counters;
  const room = await pool.take(options);
  if (pool.counters.hits !== hits + 1) throw new Error('the room was made when it was asked for');
  return room;
}

test('the limits of the spec hold for rooms that waited', async (t) => {
  const anchor = await openAnchor(t);
  const pool = anchor.pool({ plank, limits: { memory: '32MiB', processes: 5, cpus: 0.5 } }, { size: 2 });
  const room = await taken(pool, holding);
  t.is(await nextText(room.stdout), 'ready\n');
  t.is(cgroupFile(room, 'memory.max'), String(32 * MiB));
  t.is(cgroupFile(room, 'pids.max'), '5');
  t.is(cgroupFile(room, 'cpu.max'), '50000 100000');
  const { reason, limits, usage } = await (await taken(pool, hog(256))).exited;
  t.is(reason, 'out-of-memory');
  t.true(limits.some(({ limit, where }) => limit === 'memory' && where === 'room'));
  t.true((usage.memoryPeak ?? 0) <= 33 * MiB, `peak ${String(usage.memoryPeak)}`);
  const bomb = await taken(pool, {
    command: ['/bin/sh', '-c', 'for i in 1 2 3 4 5 6 7 8 9; do sleep 100 & done; wait'],
  });
  t.is((await bomb.exited).reason, 'too-many-processes');
  room.stdin?.end('\n');
  t.is((await room.exited).reason, 'exited', 'its neighbours changed nothing for it');
});

test('limits of take() hold for that room, and those that it leaves out stay', async (t) => {
  const anchor = await openAnchor(t);
  const pool = anchor.pool({ plank, limits: { memory: '128MiB', processes: 7 } }, { size: 2 });
  const room = await taken(pool, { ...holding, limits: { memory: '16MiB' } });
  t.is(await nextText(room.stdout), 'ready\n');
  t.is(cgroupFile(room, 'memory.max'), String(16 * MiB));
  t.is(cgroupFile(room, 'pids.max'), '7');
  t.is(
    (await (await taken(pool, { ...hog(64), limits: { memory: '16MiB' } })).exited).reason,
    'out-of-memory',
  );
  t.is(
    (await (await taken(pool, hog(64))).exited).reason,
    'exited',
    'the next one has the limit of the spec',
  );
});

test('limits come to a pool whose spec has none', async (t) => {
  const anchor = await openAnchor(t);
  const pool = anchor.pool({ plank }, { size: 1 });
  const outcome = await (await taken(pool, { ...hog(256), limits: { memory: '32MiB' } })).exited;
  t.is(outcome.reason, 'out-of-memory');
});

test('cgroups of rooms that wait go when the pool does', async (t) => {
  const anchor = await Anchor.open({ reserve: 0 });
  t.teardown(() => anchor.close());
  const pool = anchor.pool({ plank, limits: { memory: '32MiB' } }, { size: 3 });
  const room = await taken(pool, holding);
  await nextText(room.stdout);
  const leaf = cgroupOf(room);
  const rooms = (): number =>
    readdirSync(dirname(leaf), { withFileTypes: true }).filter((entry) => entry.isDirectory()).length;
  await pool.ready();
  const whileOpen = rooms();
  await pool.close();
  await until(() => rooms() <= whileOpen - 3);
  t.true(existsSync(leaf), 'a room that was taken is no part of it any more');
  room.stdin?.end('\n');
  t.is((await room.exited).reason, 'exited');
  t.is(await room.removed, null);
  t.false(existsSync(leaf));
});
