import { existsSync } from 'node:fs';
import test from 'ava';
import { cgroupFile, cgroupOf, nextText, openAnchor, shell } from '../../helpers/vm-guest.js';

const MiB = 1 << 20;

test('a limit that comes later holds as well', async (t) => {
  const anchor = await openAnchor(t);
  const room = await anchor.spawn(shell('echo ready; read go; hog 256; echo survived'));
  t.is(await nextText(room.stdout), 'ready\n');
  t.is(cgroupFile(room, 'memory.max'), 'max');
  await room.setLimits({ memory: '32MiB', processes: 20 });
  t.is(cgroupFile(room, 'memory.max'), String(32 * MiB));
  t.is(cgroupFile(room, 'pids.max'), '20');
  room.stdin?.end('go\n');
  t.is((await room.exited).reason, 'out-of-memory');
});

test('a limit can be raised', async (t) => {
  const anchor = await openAnchor(t);
  const room = await anchor.spawn(shell('echo ready; read go; hog 64', { limits: { memory: '16MiB' } }));
  t.is(await nextText(room.stdout), 'ready\n');
  await room.setLimits({ memory: '256MiB' });
  room.stdin?.end('go\n');
  t.is((await room.exited).reason, 'exited');
});

test('usage is counted while the room lives', async (t) => {
  const anchor = await openAnchor(t);
  const room = await anchor.spawn(
    shell('dd if=/dev/zero of=/tmp/file bs=1M count=8 2> /dev/null; sleep 1000 & echo ready; read go'),
  );
  t.is(await nextText(room.stdout), 'ready\n');
  const usage = await room.usage();
  t.true((usage.memoryCurrent ?? 0) >= 8 * MiB, 'the file is memory');
  t.true((usage.memoryPeak ?? 0) >= (usage.memoryCurrent ?? Infinity));
  t.is(usage.processes, 3, 'room-init, the shell and its child');
  t.true((usage.disk?.bytes ?? 0) >= 8 * MiB);
  await room.destroy();
  await t.throwsAsync(room.usage(), { code: 'ERR_ROOM_ENDED' });
});

test('the cgroup of a room is gone when the room is', async (t) => {
  const anchor = await openAnchor(t);
  const room = await anchor.spawn(shell('exit 3', { limits: { memory: '64MiB', processes: 10 } }));
  const cgroup = cgroupOf(room);
  t.is((await room.exited).exitCode, 3);
  t.is(await room.removed, null);
  t.false(existsSync(cgroup));
});
