import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { Room, RoomError } from '../../src/index.js';
import { nextText, often, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);
const text = { encoding: 'utf8' } as const;

/** A room that has run a line of shell and goes on living. */
async function after(t: ExecutionContext, line: string, more = {}): Promise<Room> {
  const room = await rooms.start(
    t,
    `${line}; echo ready; while read line; do eval "$line"; echo ok; done`,
    more,
  );
  await nextText(room.stdout);
  return room;
}

async function inside(room: Room, line: string): Promise<string> {
  const process = await room.exec(['sh', '-c', line]);
  let said = '';
  for await (const chunk of process.stdout ?? []) said += String(chunk);
  return said.trim();
}

/** A place on the host for what is copied, new for each test. */
let places = 0;
async function place(): Promise<string> {
  const path = join(rooms.directory, `place-${places++}`);
  await mkdir(path);
  return path;
}

test('what is written can be read, on both sides', async (t) => {
  const room = await after(t, 'echo from inside > /tmp/in');
  t.is(await room.files.read('/tmp/in', text), 'from inside\n');
  await room.files.write('/tmp/out', 'from outside\n');
  t.is(await inside(room, 'cat /tmp/out; stat -c "%a %u %g" /tmp/out'), 'from outside\n644 0 0');
  await room.files.write('/tmp/out', Buffer.from([0, 255, 10]), { append: true });
  t.deepEqual((await room.files.read('/tmp/out')).subarray(-3), Buffer.from([0, 255, 10]));
});

test("new files belong to the room's user and have the mode that was asked for", async (t) => {
  const room = await after(t, 'true', { user: 'app' });
  await room.files.write('/tmp/a/b/file', 'x', { parents: true, mode: 0o640 });
  await room.files.makeDirectory('/tmp/dir', { mode: 0o700 });
  t.is(
    await inside(room, 'stat -c "%a %u %g" /tmp/a/b /tmp/a/b/file /tmp/dir | xargs echo'),
    '755 1000 1000 640 1000 1000 700 1000 1000',
  );
  t.like(await room.files.stat('/tmp/a/b/file'), {
    kind: 'file',
    size: 1,
    mode: 0o640,
    uid: 1000,
    gid: 1000,
  });
});

test('files of the plank can be read', async (t) => {
  const room = await after(t, 'true');
  t.regex(await room.files.read('/etc/passwd', text), /^root:x:0:0/);
  t.deepEqual(
    (await room.files.list('/etc')).map(({ name }) => name),
    ['group', 'passwd'],
  );
});

test('a list names what is what', async (t) => {
  const room = await after(t, 'mkdir -p /tmp/d/dir; cd /tmp/d; touch file; ln -s x link; mkfifo fifo; cd /');
  t.deepEqual(await room.files.list('/tmp/d'), [
    { name: 'dir', kind: 'directory' },
    { name: 'fifo', kind: 'fifo' },
    { name: 'file', kind: 'file' },
    { name: 'link', kind: 'link' },
  ]);
  t.is((await room.files.stat('/tmp/d/link')).kind, 'link');
  t.is((await room.files.stat('/')).kind, 'directory');
});

test('removing takes a file, an empty directory, or a tree when it is told to', async (t) => {
  const room = await after(t, 'mkdir -p /tmp/t/a/b; touch /tmp/t/a/b/c /tmp/f; ln -s /etc /tmp/t/link');
  await room.files.remove('/tmp/f');
  await t.throwsAsync(room.files.remove('/tmp/t'), { code: 'ERR_ROOM_FILE' });
  await room.files.remove('/tmp/t', { recursive: true });
  t.deepEqual(await room.files.list('/tmp'), []);
  t.is((await room.files.stat('/etc/passwd')).kind, 'file');
  await t.throwsAsync(room.files.remove('/'), { code: 'ERR_ROOM_FILE' });
});

test('a tree goes in and comes out again as it was', async (t) => {
  const room = await after(t, 'true');
  const from = await place();
  await mkdir(join(from, 'a/b'), { recursive: true });
  await writeFile(join(from, 'a/b/file'), 'content');
  await writeFile(join(from, 'a/program'), '#!/bin/sh\necho runs\n');
  await chmod(join(from, 'a/program'), 0o755);
  await symlink('b/file', join(from, 'a/link'));
  const sent = await room.files.copyIn(join(from, 'a'), '/tmp/a');
  t.like(sent, { files: 2, directories: 2, links: 1, skipped: [] });
  t.is(await inside(room, '/tmp/a/program; cat /tmp/a/link'), 'runs\ncontent');
  const to = await place();
  const received = await room.files.copyOut('/tmp/a', join(to, 'copy'));
  t.deepEqual(received, sent);
  t.is(await readFile(join(to, 'copy/link'), 'utf8'), 'content');
  t.is((await stat(join(to, 'copy/program'))).mode & 0o777, 0o755);
});

test('what exists is overwritten only on request', async (t) => {
  const room = await after(t, 'echo old > /tmp/file');
  const to = join(await place(), 'file');
  await writeFile(to, 'mine');
  await t.throwsAsync(room.files.copyOut('/tmp/file', to), { code: 'ERR_ROOM_FILE' });
  t.is(await readFile(to, 'utf8'), 'mine');
  await room.files.copyOut('/tmp/file', to, { overwrite: true });
  t.is(await readFile(to, 'utf8'), 'old\n');
  await t.throwsAsync(room.files.copyIn(to, '/tmp/file'), { code: 'ERR_ROOM_FILE' });
  await t.throwsAsync(room.files.write('/tmp/file', 'x', { exclusive: true }), { code: 'ERR_ROOM_FILE' });
});

test('a full disk is told as such', async (t) => {
  const room = await after(t, 'true', { limits: { disk: '128KiB' } });
  const error = await t.throwsAsync(room.files.write('/tmp/large', Buffer.alloc(1 << 20)), {
    code: 'ERR_ROOM_FILE',
  });
  t.is((error as NodeJS.ErrnoException).errno, -28);
});

test('paths that are none are refused', async (t) => {
  const room = await after(t, 'true');
  for (const path of ['relative', '', 'a\0b', '/a\0b'])
    await t.throwsAsync(room.files.read(path), { instanceOf: RangeError }, JSON.stringify(path));
  await t.throwsAsync(room.files.read(7 as unknown as string), { instanceOf: TypeError });
  await t.throwsAsync(room.files.read('/missing'), { code: 'ERR_ROOM_FILE' });
  await t.throwsAsync(room.files.read('/tmp'), { code: 'ERR_ROOM_FILE' });
});

test('after the end there are no files', async (t) => {
  const { room } = await rooms.anchor.run(rooms.shell('true'));
  await t.throwsAsync(room.files.read('/etc/passwd'), { code: 'ERR_ROOM_ENDED' });
  await t.throwsAsync(room.files.write('/tmp/x', ''), { code: 'ERR_ROOM_ENDED' });
});

test('while a room dies, its files say that it has ended, and nothing else', async (t) => {
  const codes = new Set<string>();
  for (let round = 0; round < often(100); round++) {
    const room = await rooms.anchor.spawn(rooms.spec(['sleep', '1000']));
    process.kill(room.pid, 'SIGKILL');
    // News of the end come between two turns of the event loop.
    for (; room.state === 'running'; await turn())
      await room.files.read('/etc/passwd').catch((error: unknown) => codes.add((error as RoomError).code));
  }
  t.deepEqual([...codes], ['ERR_ROOM_ENDED']);
});
