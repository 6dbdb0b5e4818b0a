import { chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readlinkSync } from 'node:fs';
import test from 'ava';
import { hostDirectory, lines, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);
const identity = 'host';

test('ids of the room are those of the host, and granted says so', async (t) => {
  const { stdout, room } = await rooms.anchor.run(
    rooms.shell('awk "{print \\$1, \\$2, \\$3}" /proc/self/uid_map; readlink /proc/self/ns/user', {
      identity,
    }),
  );
  t.deepEqual(lines(stdout), ['0 0 4294967295', readlinkSync('/proc/self/ns/user')]);
  t.deepEqual(room.granted.identity, { kind: 'host' });
  t.false(room.granted.namespaces.includes('user'));
});

test('root of such a room has no capability and cannot get one', async (t) => {
  const output = await rooms.output(
    t,
    'grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status | cut -f2 | sort -u | xargs echo; grep Cap /proc/1/status | sort -u | cut -f2 | sort -u',
    { identity },
  );
  const [own, init] = lines(output);
  t.is(own, '0000000000000000 1 2');
  t.true((Number.parseInt(init ?? '', 16) & ~0x1e0) === 0, init);
});

test('what a kernel exploit would start with is refused there as well', async (t) => {
  const { stdout } = await rooms.anchor.run(rooms.spec(['attempt'], { identity }));
  t.true(lines(stdout).length > 50);
  t.deepEqual(
    lines(stdout).filter((line) => / 0$/.test(line)),
    [],
  );
});

test('it reads of a mount what its user may read without any capability', async (t) => {
  const host = await hostDirectory(t);
  await writeFile(join(host, 'secret'), 'of 1234', { mode: 0o600 });
  await chown(join(host, 'secret'), 1234, 1234);
  const mounts = [{ host, at: '/data' }] as const;
  t.is(
    await rooms.output(t, 'cat /data/file; cat /data/secret 2>/dev/null; true', { identity, mounts }),
    'content',
  );
  t.is(await rooms.output(t, 'cat /data/secret', { identity, mounts, user: 1234 }), 'of 1234');
});

test('what it writes to a mount belongs to its user on the host', async (t) => {
  const host = await hostDirectory(t);
  await mkdir(join(host, 'open'));
  await chown(join(host, 'open'), 1234, 1234);
  await rooms.output(t, 'echo x > /data/open/new', {
    identity,
    user: '1234:2345',
    mounts: [{ host, at: '/data', access: 'write' }],
  });
  const { uid, gid } = await stat(join(host, 'open/new'));
  t.deepEqual({ uid, gid }, { uid: 1234, gid: 2345 });
  t.is(await readFile(join(host, 'open/new'), 'utf8'), 'x\n');
});

test('it cannot signal or see processes of the host, although it has their ids', async (t) => {
  t.is(
    await rooms.output(t, `kill -0 ${process.pid} 2>/dev/null && echo reached; echo /proc/[0-9]*`, {
      identity,
    }),
    '/proc/1 /proc/2',
  );
});

test('files of the plank have their own owners', async (t) => {
  t.is(
    await rooms.output(t, 'stat -c %u:%g /etc/passwd; echo x >> /etc/passwd && tail -n 1 /etc/passwd', {
      identity,
    }),
    '0:0\nx',
  );
});
