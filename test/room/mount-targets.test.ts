import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { MountSpec, RoomError } from '../../src/index.js';
import { hostDirectory, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

async function refusal(t: ExecutionContext, mounts: readonly MountSpec[]): Promise<RoomError> {
  const error = await t.throwsAsync(rooms.anchor.spawn(rooms.shell('true', { mounts })));
  return error as RoomError;
}

test('mounts are made parents first, whatever order they were written in', async (t) => {
  const host = await hostDirectory(t);
  await mkdir(join(host, 'sub'));
  const output = await rooms.output(
    t,
    'cat /data/file /data/sub/inner/file; touch /data/sub/new && ls /data/sub',
    {
      mounts: [
        { host, at: '/data/sub/inner' },
        { tmpfs: '1MiB', at: '/data/sub' },
        { host, at: '/data' },
      ],
    },
  );
  t.is(output, 'content\ncontent\ninner\nnew');
});

test('missing directories are made in the layer of the room, and nowhere on the host', async (t) => {
  const host = await hostDirectory(t);
  t.is(
    await rooms.output(t, 'cat /a/b/c/file; stat -c "%a %u" /a/b', { mounts: [{ host, at: '/a/b/c' }] }),
    'content\n755 0',
  );
  for (const access of ['read', 'write'] as const) {
    const error = await refusal(t, [
      { host, at: '/data', access },
      { tmpfs: '1MiB', at: '/data/new/dir' },
    ]);
    t.is(error.code, 'ERR_ROOM_MOUNT_TARGET', access);
    t.is(error.path, '/data/new/dir');
    t.deepEqual(await readdir(host), ['file']);
  }
});

test('a target of another kind is refused', async (t) => {
  const host = await hostDirectory(t);
  for (const mount of [
    { host, at: '/etc/passwd' },
    { host, at: '/etc/passwd/below' },
    { host: join(host, 'file'), at: '/etc' },
  ]) {
    const error = await refusal(t, [mount]);
    t.is(error.code, 'ERR_ROOM_MOUNT_TARGET', mount.at);
    t.is(error.path, mount.at);
  }
});
