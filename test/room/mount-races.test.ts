import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { RoomError } from '../../src/index.js';
import { mountable, nextText, often, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);
const run = promisify(execFile);

test('what is mounted is what was granted, while another room swaps the source with a link', async (t) => {
  const host = await mkdtemp(join(mountable, 'anchor-race-'));
  t.teardown(() => rm(host, { recursive: true, force: true }));
  await mkdir(join(host, 'shared/data'), { recursive: true });
  await mkdir(join(host, 'secret'));
  await writeFile(join(host, 'shared/data/which'), 'data');
  await writeFile(join(host, 'secret/which'), 'secret');
  await symlink('../secret', join(host, 'shared/link'));
  const hostile = await rooms.start(t, 'exec swap /shared/data /shared/link', {
    mounts: [{ host: join(host, 'shared'), at: '/shared', access: 'write' }],
  });
  await nextText(hostile.stdout);

  const seen = new Set<string>();
  for (let round = 0; round < often(100) || (round < 1000 && seen.size < 2); round++) {
    const mounts = [{ host: join(host, 'shared/data'), at: '/data' }];
    try {
      const { stdout, room } = await rooms.anchor.run(rooms.shell('cat /data/which', { mounts }));
      const source = room.granted.mounts.find(({ at }) => at === '/data')?.source;
      t.is(stdout, source === join(host, 'secret') ? 'secret' : 'data');
      seen.add(stdout);
    } catch (error) {
      t.is((error as RoomError).code, 'ERR_ROOM_MOUNT_SOURCE', String(error));
      seen.add('refused');
    }
  }
  t.true(seen.size > 1, 'the swapping was noticed');
});

test('mounts below a source come along only when the spec says so', async (t) => {
  const host = await mkdtemp(join(mountable, 'anchor-below-'));
  const below = join(host, 'below');
  await mkdir(below);
  await run('mount', ['-t', 'tmpfs', 'anchor-test', below]);
  t.teardown(async () => {
    await run('umount', [below]);
    await rm(host, { recursive: true });
  });
  await writeFile(join(below, 'file'), 'mounted');
  const list = async (recursive: boolean): Promise<string> =>
    rooms.output(t, 'ls /data/below; touch /data/below/new 2>/dev/null && echo written; true', {
      mounts: [{ host, at: '/data', recursive }],
    });
  t.is(await list(false), '');
  // Before Linux 6.3 a tmpfs takes no ids of a room: then all of it is refused, and not that part left out.
  const whole = await list(true).catch((error: unknown) => (error as RoomError).code);
  t.true(['file', 'ERR_ROOM_MOUNT_IDMAP'].includes(whole), whole);
});

test('what is mounted on the host later does not appear in a room', async (t) => {
  const host = await mkdtemp(join(mountable, 'anchor-later-'));
  await mkdir(join(host, 'below'));
  t.teardown(() => rm(host, { recursive: true }));
  const room = await rooms.start(t, 'read line; ls /data/below; echo end', {
    mounts: [{ host, at: '/data', recursive: true }],
  });
  await run('mount', ['-t', 'tmpfs', 'anchor-test', join(host, 'below')]);
  try {
    await writeFile(join(host, 'below/file'), 'late');
    room.stdin?.end('\n');
    t.is(await nextText(room.stdout), 'end\n');
  } finally {
    await room.destroy();
    await run('umount', [join(host, 'below')]);
  }
});
