import { chmod, chown, copyFile, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { MountSpec, RoomError } from '../../src/index.js';
import { hostDirectory, lines, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

async function refusal(t: ExecutionContext, mounts: readonly MountSpec[]): Promise<RoomError> {
  const error = await t.throwsAsync(rooms.anchor.spawn(rooms.shell('true', { mounts })));
  return error as RoomError;
}

test('a directory is read-only unless the spec says so', async (t) => {
  const host = await hostDirectory(t);
  const { stdout, stderr, room } = await rooms.anchor.run(
    rooms.shell('cat /data/file; echo x > /data/new; echo x > /data/file; rm /data/file', {
      mounts: [{ host, at: '/data' }],
    }),
  );
  t.is(stdout, 'content\n');
  t.is(stderr.split('Read-only file system').length - 1, 3);
  t.deepEqual(await readdir(host), ['file']);
  const granted = room.granted.mounts.find(({ at }) => at === '/data');
  t.deepEqual(granted, {
    at: '/data',
    kind: 'bind',
    source: host,
    vault: null,
    access: 'read',
    noExec: false,
  });
});

test('what is written to a writable directory belongs to its owner on the host', async (t) => {
  const host = await hostDirectory(t);
  await chown(host, 1234, 2345);
  for (const user of ['root', 'app']) {
    await rooms.output(t, `mkdir /data/${user} && echo written > /data/${user}/file`, {
      user,
      mounts: [{ host, at: '/data', access: 'write' }],
    });
    const { uid, gid } = await stat(join(host, user, 'file'));
    t.deepEqual({ uid, gid }, { uid: 1234, gid: 2345 }, user);
    t.is(await readFile(join(host, user, 'file'), 'utf8'), 'written\n');
  }
});

test("the owner of a directory appears as the room's user, and everybody else as nobody", async (t) => {
  const host = await hostDirectory(t);
  await chown(host, 1234, 2345);
  await chown(join(host, 'file'), 4321, 4321);
  const output = await rooms.output(t, 'stat -c "%u:%g" /data /data/file', {
    user: 'app',
    mounts: [{ host, at: '/data', access: 'write' }],
  });
  t.deepEqual(lines(output), ['1000:1000', '65534:65534']);
});

test('nosuid and nodev hold always, noexec when it is asked for', async (t) => {
  const host = await hostDirectory(t);
  const program = join(host, 'busybox');
  await copyFile('/bin/busybox', program);
  await chmod(program, 0o4755);
  const output = await rooms.output(
    t,
    `grep -E " /(runs|stays|memory|closed) " /proc/self/mountinfo | cut -d" " -f5,6 | sort
     /runs/busybox id -u
     /stays/busybox true || echo $?`,
    {
      user: 'app',
      mounts: [
        { host, at: '/runs' },
        { host, at: '/stays', noExec: true },
        { tmpfs: '1MiB', at: '/memory' },
        { tmpfs: '1MiB', at: '/closed', noExec: true },
      ],
    },
  );
  const said = lines(output);
  const options = Object.fromEntries(said.slice(0, 4).map((line) => line.split(' ') as [string, string]));
  for (const at of ['/runs', '/stays', '/memory', '/closed']) {
    t.true(options[at]?.includes('nosuid,nodev'), at);
    t.is(options[at]?.includes('noexec'), at === '/stays' || at === '/closed', at);
  }
  t.deepEqual(said.slice(4), ['1000', '126']);
});

test('a file is mounted as a file', async (t) => {
  const host = join(await hostDirectory(t), 'file');
  const output = await rooms.output(t, 'cat /etc/passwd /new/place; echo more >> /new/place', {
    mounts: [
      { host, at: '/etc/passwd' },
      { host, at: '/new/place', access: 'write' },
    ],
  });
  t.is(output, 'content\ncontent');
  t.is(await readFile(host, 'utf8'), 'content\nmore\n');
});

test('a tmpfs has the size and mode of the spec', async (t) => {
  const { stdout, stderr } = await rooms.anchor.run(
    rooms.shell('stat -c %a /a /b; dd if=/dev/zero of=/a/x bs=4096 count=17; stat -c %s /a/x', {
      mounts: [
        { tmpfs: '64KiB', at: '/a' },
        { tmpfs: '64KiB', at: '/b', mode: 0o750 },
      ],
    }),
  );
  t.deepEqual(lines(stdout), ['1777', '750', '65536']);
  t.regex(stderr, /No space left/);
});

test('a source that is not there, or is a door to something else, is refused with its place in the spec', async (t) => {
  const host = await hostDirectory(t);
  const socket = createServer().listen(join(host, 'socket'));
  t.teardown(() => socket.close());
  await symlink('circle', join(host, 'circle'));
  for (const [path, words] of [
    ['missing', /does not exist/],
    ['file/below', /not a directory/],
    ['circle', /circle/],
    ['socket', /socket/],
  ] as const) {
    const error = await refusal(t, [
      { tmpfs: '1MiB', at: '/a' },
      { host: join(host, path), at: '/b' },
    ]);
    t.is(error.code, 'ERR_ROOM_MOUNT_SOURCE');
    t.regex(error.message, /^mounts\[1\]\.host/);
    t.regex(error.message, words);
    t.is(error.path, join(host, path));
  }
  const device = await refusal(t, [{ host: '/dev/null', at: '/b' }]);
  t.is(device.code, 'ERR_ROOM_MOUNT_SOURCE');
});

test('links in a source are followed, and granted says where to', async (t) => {
  const host = await hostDirectory(t);
  await symlink('.', join(host, 'link'));
  const { stdout, room } = await rooms.anchor.run(
    rooms.shell('cat /data/file', { mounts: [{ host: join(host, 'link/link'), at: '/data' }] }),
  );
  t.is(stdout, 'content\n');
  t.is(room.granted.mounts.find(({ at }) => at === '/data')?.source, host);
});

test('the same directory can be mounted twice, with different rights', async (t) => {
  const host = await hostDirectory(t);
  const { stdout, stderr } = await rooms.anchor.run(
    rooms.shell('echo x > /write/new; cat /read/new; echo y > /read/new', {
      mounts: [
        { host, at: '/read' },
        { host, at: '/write', access: 'write' },
      ],
    }),
  );
  t.is(stdout, 'x\n');
  t.regex(stderr, /Read-only/);
});
