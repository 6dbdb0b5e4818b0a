// The kernel's out-of-memory killer takes room-init, PID 1 of a room, and nobody else of it.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { Anchor, type Room, type RoomError } from '../../../src/index.js';
import { assertNothingLeft, standing } from '../../helpers/leftovers.js';
import { cgroupOf, nextText, planks, shell, spec, until } from '../../helpers/vm-guest.js';

const plank = planks.squashfs;
const small = String(32 << 20);

/** A room that takes more than `small` when told to, and whose room-init is what the kernel kills first. */
async function tempting(anchor: Anchor): Promise<Room> {
  // Memory of files is nobody's, so that a score alone decides.
  const line = 'echo ready; read go; dd if=/dev/zero of=/tmp/file bs=1M count=64; echo survived; read end';
  const room = await anchor.spawn(shell(line, { limits: { disk: '256MiB' } }));
  await nextText(room.stdout);
  writeFileSync(`/proc/${room.pid}/oom_score_adj`, '1000');
  return room;
}

test.serial('a room whose room-init the kernel kills for want of memory says so', async (t) => {
  const before = await standing(plank);
  const anchor = await Anchor.open({ reserve: 0 });
  const room = await tempting(anchor);
  writeFileSync(join(cgroupOf(room), 'memory.max'), small);
  room.stdin?.write('go\n');
  const { reason, exitCode, signal, limits } = await room.exited;
  t.deepEqual([reason, exitCode, signal], ['out-of-memory', null, null]);
  t.deepEqual(
    limits.filter(({ limit }) => limit === 'memory').map(({ where }) => where),
    ['room'],
  );
  t.is(await room.removed, null);
  t.is((await anchor.run(shell('echo fine'))).stdout, 'fine\n');
  await anchor.close();
  await assertNothingLeft(t, before, plank);
});

test.serial(
  'and where the limit is that of all rooms, the outcome says above; the others go on',
  async (t) => {
    const before = await standing(plank);
    const anchor = await Anchor.open({ reserve: 0 });
    const bystander = await anchor.spawn(shell('read line; echo $line'));
    const room = await tempting(anchor);
    const above = join(dirname(cgroupOf(room)), 'memory.max');
    writeFileSync(above, small);
    room.stdin?.write('go\n');
    const { reason, limits } = await room.exited;
    t.is(reason, 'out-of-memory');
    t.deepEqual(
      limits.filter(({ limit }) => limit === 'memory').map(({ where }) => where),
      ['above'],
    );
    t.is(await room.removed, null);
    bystander.stdin?.end('still here\n');
    t.is(await nextText(bystander.stdout), 'still here\n');
    t.is((await bystander.exited).reason, 'exited');
    writeFileSync(above, 'max');
    t.is((await anchor.run(shell('echo fine'))).stdout, 'fine\n');
    await anchor.close();
    await assertNothingLeft(t, before, plank);
  },
);

test.serial('before its command runs, the error says what it was killed for', async (t) => {
  const before = await standing(plank);
  const anchor = await Anchor.open({ reserve: 0 });
  // Less than room-init has when the limit is set.
  const refused = await t.throwsAsync(anchor.run(spec(['true'], { limits: { memory: '64KiB' } })));
  const { code, message, hint } = refused as RoomError;
  t.is(code, 'ERR_ROOM_INIT_DIED');
  t.regex(`${message} ${hint ?? ''}`, /(out of|want of) memory.*limits\.memory/);
  t.is((await anchor.run(shell('echo fine'))).stdout, 'fine\n');
  await anchor.close();
  await assertNothingLeft(t, before, plank);
});

test.serial('a room of a pool that is killed while it waits is not given to anybody', async (t) => {
  const before = await standing(plank);
  const anchor = await Anchor.open({ reserve: 0 });
  const pool = anchor.pool({ plank, limits: { memory: '64MiB' } }, { size: 2, refill: 'idle' });
  await pool.ready();
  const first = await pool.take({ command: ['/bin/sh', '-c', 'read end'] });
  const rooms = dirname(cgroupOf(first));
  const waiting = readdirSync(rooms, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && join(rooms, entry.name) !== cgroupOf(first))
    .map(({ name }) => join(rooms, name));
  t.is(waiting.length, 1);
  // The kernel kills in a cgroup until what is left fits into its limit.
  writeFileSync(join(waiting[0]!, 'memory.max'), '0');
  // Not by counting who waits: the pool makes the next one meanwhile.
  await until(() => !existsSync(waiting[0]!));
  const next = await pool.take({ command: ['/bin/echo', 'fine'] });
  t.is(await nextText(next.stdout), 'fine\n');
  t.is((await next.exited).reason, 'exited');
  t.not(cgroupOf(next), waiting[0]);
  const { hits, misses } = pool.counters;
  t.is(hits + misses, 2);
  first.stdin?.end('\n');
  t.is((await first.exited).reason, 'exited');
  await anchor.close();
  await assertNothingLeft(t, before, plank);
});
