/**
 * Class 6: the host reads, copies, removes or chowns in a tree that the room controls (CVE-2018-15664, CVE-2019-14271,
 * CVE-2024-28185, CVE-2024-28189, CVE-2024-29021).
 *
 * Rule: a path is opened by openat2(2) below the root of room-init, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, and is no file
 * of the kernel's (OpenRoomFile() in native/watch/room_file.cc); in trees every step is one name below an open directory,
 * with O_NOFOLLOW | O_NONBLOCK (ENTRY_FLAGS in src/room/room-fd.ts); only regular files are read and written; everything is
 * counted (Tally in src/room/copy.ts, MAX_DEPTH in src/room/remove.ts).
 * Mutation: skip() in Tally without #bound(); mountId() answers 0; findBelow() in src/room/head-reader.ts opens without
 * O_NOFOLLOW; MAX_DEPTH = 100_000. ENTRY_FLAGS without O_NOFOLLOW is found by file-api-races. (Without RESOLVE_IN_ROOT in
 * OpenRoomFile() these tests would write and remove in the host's own /tmp: not for a machine that matters.)
 */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Room, RoomError, RoomSpec } from '../../src/index.js';
import { mountable, nextText, useRooms } from '../helpers/room.js';
import { digestOf } from './helpers/canary.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);

/** A room with the programs of this class; it is destroyed with the test. */
async function open(t: ExecutionContext, more: Partial<RoomSpec> = {}): Promise<Room> {
  const plank = await hostilePlank(t, { programs: ['grow-tree'] });
  const room = await rooms.anchor.spawn({ plank, command: ['sleep', '1000'], ...more });
  t.teardown(() => room.destroy());
  return room;
}

async function inside(t: ExecutionContext, room: Room, ...command: string[]): Promise<void> {
  const { exitCode } = await (await room.exec(command)).exited;
  t.is(exitCode, 0, command.join(' '));
}

let places = 0;
const place = (): string => join(rooms.directory, `out-${places++}`);
const refused = { code: 'ERR_ROOM_FILE' };

test('a directory with 100,000 entries is listed, and one with more is refused; a copy stops where it was told to', async (t) => {
  const room = await open(t, { limits: { disk: '256MiB', files: 110_000 } });
  await inside(t, room, 'grow-tree', 'files', '/tmp/many', '100000');
  t.is((await room.files.list('/tmp/many')).length, 100_000);
  await room.files.write('/tmp/many/one-more', '');
  await t.throwsAsync(room.files.list('/tmp/many'), refused);
  const to = place();
  await t.throwsAsync(room.files.copyOut('/tmp/many', to, { maxEntries: 1000 }), refused);
  t.true(readdirSync(to).length < 1000);
  const controller = new AbortController();
  const reason = new Error('enough');
  const stopped = room.files.copyOut('/tmp/many', place(), { signal: controller.signal });
  controller.abort(reason);
  t.is(await t.throwsAsync(stopped), reason);
});

// Each FIFO, or link that leads out, is an object in `skipped`, and a host directory or a tmpfs has millions.
for (const kind of ['fifos', 'links'])
  test(`maxEntries counts ${kind} that are left out`, async (t) => {
    const room = await open(t);
    await inside(t, room, 'grow-tree', kind, '/tmp/many', '1000');
    await t.throwsAsync(room.files.copyOut('/tmp/many', place(), { maxEntries: 100 }), refused);
  });

test('five thousand directories in each other: every call answers, and the room goes', async (t) => {
  const room = await open(t);
  await inside(t, room, 'grow-tree', 'deep', '/tmp/deep', '5000');
  const to = place();
  await t.throwsAsync(room.files.copyOut('/tmp/deep', to), refused);
  t.true(existsSync(to));
  await t.throwsAsync(room.files.remove('/tmp/deep', { recursive: true }), refused);
  const half = `/tmp/deep${'/d'.repeat(2000)}`;
  t.deepEqual(await room.files.list(half), [{ name: 'd', kind: 'directory' }]);
  await room.files.write(`${half}/file`, 'deep');
  t.is(await room.files.read(`${half}/file`, { encoding: 'utf8' }), 'deep');
  const tooLong = `/tmp/deep${'/d'.repeat(4999)}`;
  for (const call of [
    () => room.files.list(tooLong),
    () => room.files.stat(tooLong),
    () => room.files.write(`${tooLong}/file`, ''),
    () => room.files.remove(tooLong, { recursive: true }),
    () => room.files.copyOut(tooLong, place()),
  ])
    await t.throwsAsync(call(), refused);
  await room.destroy();
  t.is(await room.removed, null);
});

const names = [
  'line\nbreak',
  '\x1b]0;title\x07',
  '-rf',
  ' ',
  '...',
  '..\n',
  '~',
  '$(id)',
  '*',
  'x'.repeat(255),
  'é\u202e',
];

test('names that mean something to others are only names', async (t) => {
  const room = await open(t);
  for (const name of names) await room.files.write(`/tmp/odd/${name}/${name}`, name, { parents: true });
  const listed = await room.files.list('/tmp/odd');
  t.deepEqual(listed.map(({ name }) => name).sort(), [...names].sort());
  const to = place();
  t.is((await room.files.copyOut('/tmp/odd', to)).files, names.length);
  for (const name of names) {
    t.is(readFileSync(join(to, name, name), 'utf8'), name);
    t.is((await room.files.stat(`/tmp/odd/${name}`)).kind, 'directory');
    await room.files.remove(`/tmp/odd/${name}`, { recursive: true });
  }
  t.deepEqual(await room.files.list('/tmp/odd'), []);
});

test('hard links in a room are copies outside, and the image behind them stays as it is', async (t) => {
  const before = digestOf(rooms.plank);
  const room = await rooms.start(
    t,
    'mkdir /tmp/l; for i in 1 2 3; do ln /bin/busybox /tmp/l/$i; done; echo ready; exec sleep 1000',
  );
  await nextText(room.stdout);
  await room.files.write('/tmp/l/1', 'changed').catch(() => {});
  const to = place();
  const { files } = await room.files.copyOut('/tmp/l', to);
  for (const name of readdirSync(to)) t.is(lstatSync(join(to, name)).nlink, 1);
  t.is(files, readdirSync(to).length);
  const other = await rooms.start(t, 'exec sleep 1000');
  t.true((await other.files.stat('/bin/busybox')).size > 100_000);
  t.is(digestOf(rooms.plank), before);
});

test('a file of a read-only mount cannot be linked into a writable one of the same file system', async (t) => {
  const host = await mkdtemp(join(mountable, 'anchor-linked-'));
  t.teardown(() => rm(host, { recursive: true, force: true }));
  await chmod(host, 0o755);
  await mkdir(join(host, 'write'), { mode: 0o777 });
  await writeFile(join(host, 'secret'), 'untouched');
  for (const identity of ['mapped', 'host'] as const) {
    await rooms.anchor.run(
      rooms.shell(
        'ln /read/secret /write/a; ln /read/secret /read/write/b; echo x > /write/a; echo x >> /read/secret; true',
        {
          identity,
          mounts: [
            { host, at: '/read' },
            { host: join(host, 'write'), at: '/write', access: 'write' },
          ],
        },
      ),
    );
    const { nlink, size } = lstatSync(join(host, 'secret'));
    t.deepEqual([nlink, size], [1, 9], identity);
    t.is(readFileSync(join(host, 'secret'), 'utf8'), 'untouched');
  }
});

/** What a room with write access has left in a directory that a later room gets. */
async function planted(t: ExecutionContext): Promise<string> {
  const host = await mkdtemp(join(mountable, 'anchor-planted-'));
  t.teardown(() => rm(host, { recursive: true, force: true }));
  await chmod(host, 0o755);
  return host;
}

// To explain why a command was not found, plankHeads() in src/room/head-reader.ts looks into the source of a read-only mount on the
// host. A link there is read as the room would, and never followed on the host: what it names there would be opened with the
// program's rights, and its first bytes come back in the hint.
test('nothing of the host is opened to explain why a command was not found', async (t) => {
  const host = await planted(t);
  const outside = await planted(t);
  await writeFile(join(outside, 'script'), '#!/of/the/host\n', { mode: 0o755 });
  await symlink(join(outside, 'script'), join(host, 'command'));
  await symlink(outside, join(host, 'directory'));
  for (const command of ['/mounted/command', '/mounted/directory/script']) {
    const error = await t.throwsAsync(
      rooms.anchor.spawn(rooms.spec([command], { mounts: [{ host, at: '/mounted' }] })),
    );
    t.notRegex((error as RoomError).hint ?? '', /of\/the\/host/, command);
  }
  // What a link means in the room can be told.
  await writeFile(join(host, 'script'), '#!/of/the/room\n', { mode: 0o755 });
  for (const [name, to] of Object.entries({ near: 'script', far: '/mounted/script', both: 'far' })) {
    await symlink(to, join(host, name));
    const error = await t.throwsAsync(
      rooms.anchor.spawn(rooms.spec([`/mounted/${name}`], { mounts: [{ host, at: '/mounted' }] })),
    );
    t.regex((error as RoomError).hint ?? '', /of\/the\/room/, name);
  }
});

// A mount of the same file system has the same device: mounts are told apart by `mnt_id` of fdinfo.
test('a tree is not removed through a mount of the same file system', async (t) => {
  const [outer, inner] = [await planted(t), await planted(t)];
  await mkdir(join(outer, 'tree/mounted'), { recursive: true });
  await writeFile(join(inner, 'precious'), 'kept');
  const mounts = [
    { host: outer, at: '/outer', access: 'write' },
    { host: inner, at: '/outer/tree/mounted', access: 'write' },
  ] as const;
  const room = await rooms.start(t, 'exec sleep 1000', { mounts });
  await t.throwsAsync(room.files.remove('/outer/tree', { recursive: true }), refused);
  t.true(existsSync(join(inner, 'precious')));
  const to = place();
  const { skipped } = await room.files.copyOut('/outer/tree', to);
  t.deepEqual(skipped, [{ path: 'mounted', kind: 'directory' }]);
  t.deepEqual(readdirSync(to), []);
});
