import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Room, RoomError } from '../../src/index.js';
import { nextText, often, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

async function after(t: ExecutionContext, line: string, more = {}): Promise<Room> {
  const room = await rooms.start(t, `${line}; echo ready; exec sleep 1000`, more);
  await nextText(room.stdout);
  return room;
}

let places = 0;
async function place(): Promise<string> {
  const path = join(rooms.directory, `hostile-${places++}`);
  await mkdir(path);
  return path;
}

test('a link to a file of the host leads to the file of that name in the room, or nowhere', async (t) => {
  const secret = join(await place(), 'secret');
  await writeFile(secret, 'of the host');
  const room = await after(
    t,
    `ln -s /etc/shadow /tmp/shadow; ln -s ${secret} /tmp/secret; ln -s ../../../..${secret} /tmp/up; ln -s / /tmp/root; ln -s /proc/1/root /tmp/init`,
  );
  const paths = [
    '/tmp/shadow',
    '/tmp/secret',
    '/tmp/up',
    `/tmp/root${secret}`,
    `/tmp/init${secret}`,
    `/../../..${secret}`,
  ];
  for (const path of paths) {
    await t.throwsAsync(room.files.read(path), { code: 'ERR_ROOM_FILE' }, path);
    await t.throwsAsync(
      room.files.copyOut(path, join(rooms.directory, 'stolen')),
      { code: 'ERR_ROOM_FILE' },
      path,
    );
  }
  t.false(existsSync(join(rooms.directory, 'stolen')));
  await room.files.write('/tmp/root/etc/passwd', 'replaced');
  t.notRegex(await readFile('/etc/passwd', 'utf8'), /replaced/);
});

test('writing through a link stays in the room', async (t) => {
  const target = await place();
  const room = await after(t, `ln -s ${target}/new /tmp/link; ln -s ${target} /tmp/dir`);
  for (const write of [
    () => room.files.write('/tmp/link', 'x'),
    () => room.files.write('/tmp/dir/new', 'x'),
    () => room.files.makeDirectory('/tmp/dir/new'),
    () => room.files.copyIn(rooms.plank, '/tmp/dir/new'),
  ])
    await t.throwsAsync(write(), { code: 'ERR_ROOM_FILE' });
  t.deepEqual(readdirSync(target), []);
});

test('links, FIFOs, devices and sockets are left out of a copy and listed', async (t) => {
  const to = await place();
  const room = await after(
    t,
    `mkdir -p /tmp/d/sub; cd /tmp/d; echo x > file; mkfifo fifo; ln -s /etc/passwd absolute; ln -s ../../etc/passwd up
     ln -s file inside; ln -s ../file sub/inside; ln -s ../../d/file sub/around; cd /`,
  );
  const summary = await room.files.copyOut('/tmp/d', join(to, 'd'));
  t.deepEqual(
    [...summary.skipped].sort((a, b) => (a.path < b.path ? -1 : 1)),
    [
      { path: 'absolute', kind: 'link' },
      { path: 'fifo', kind: 'fifo' },
      { path: 'sub/around', kind: 'link' },
      { path: 'up', kind: 'link' },
    ],
  );
  t.deepEqual(readdirSync(join(to, 'd')).sort(), ['file', 'inside', 'sub']);
});

test('a FIFO or a device answers at once, and nothing waits for it', async (t) => {
  const room = await after(t, 'mkfifo /tmp/fifo');
  for (const path of ['/tmp/fifo', '/dev/zero', '/dev/tty', '/dev/ptmx', '/dev/random']) {
    await t.throwsAsync(room.files.read(path), { code: 'ERR_ROOM_FILE' }, path);
    await t.throwsAsync(room.files.write(path, 'x'), { code: 'ERR_ROOM_FILE' }, path);
    await t.throwsAsync(
      room.files.copyOut(path, join(rooms.directory, 'special')),
      { code: 'ERR_ROOM_FILE' },
      path,
    );
    await t.throwsAsync(
      room.files.copyIn(rooms.plank, path, { overwrite: true }),
      { code: 'ERR_ROOM_FILE' },
      path,
    );
  }
  t.false(existsSync(join(rooms.directory, 'special')));
});

test('a file that is larger than it may be is refused before it fills anything', async (t) => {
  const room = await after(t, 'truncate -s 1024G /tmp/huge; head -c 5000 /dev/zero > /tmp/small');
  await t.throwsAsync(room.files.read('/tmp/huge'), { code: 'ERR_ROOM_FILE', message: /more than/ });
  await t.throwsAsync(room.files.read('/tmp/small', { maxBytes: 4999 }), { code: 'ERR_ROOM_FILE' });
  const to = await place();
  await t.throwsAsync(room.files.copyOut('/tmp/huge', join(to, 'huge')), { code: 'ERR_ROOM_FILE' });
  await t.throwsAsync(room.files.copyOut('/tmp', join(to, 'tmp'), { maxBytes: 10_000 }), {
    code: 'ERR_ROOM_FILE',
  });
});

test('a tree that is too deep or has too many entries is refused', async (t) => {
  const deep = 'cd /tmp; i=0; while [ $i -lt 300 ]; do mkdir d && cd d; i=$((i+1)); done; cd /';
  const room = await after(t, `${deep}; mkdir /tmp/many; for i in $(seq 200); do true > /tmp/many/$i; done`);
  const to = await place();
  await t.throwsAsync(room.files.copyOut('/tmp/d', join(to, 'd')), {
    code: 'ERR_ROOM_FILE',
    message: /deeper/,
  });
  await t.throwsAsync(room.files.remove('/tmp/d', { recursive: true }), {
    code: 'ERR_ROOM_FILE',
    message: /deeper/,
  });
  await t.throwsAsync(room.files.copyOut('/tmp/many', join(to, 'm'), { maxEntries: 100 }), {
    code: 'ERR_ROOM_FILE',
  });
});

test('names that are no text come out as they are', async (t) => {
  const to = await place();
  const room = await after(
    t,
    "mkdir /tmp/odd; cd /tmp/odd; touch \"$(printf 'a\\377b')\" \"$(printf 'line\\nbreak')\" ' ' ./-rf; cd /",
  );
  const summary = await room.files.copyOut('/tmp/odd', join(to, 'odd'));
  t.is(summary.files, 4);
  const names = readdirSync(join(to, 'odd'), { encoding: 'buffer' }).map((name) => name.toString('latin1'));
  t.deepEqual(names.sort(), [' ', '-rf', 'a\xffb', 'line\nbreak']);
});

test('a directory that a process of the room keeps swapping never leads out', async (t) => {
  const outside = await place();
  await writeFile(join(outside, 'file'), 'secret');
  const room = await after(t, `mkdir /tmp/real; echo inside > /tmp/real/file; ln -s ${outside} /tmp/link`);
  const swapper = await room.exec(['swap', '/tmp/real', '/tmp/link']);
  await nextText(swapper.stdout);
  const seen = new Set<string>();
  for (let round = 0; round < often(300); round++) {
    try {
      seen.add(await room.files.read('/tmp/real/file', { encoding: 'utf8' }));
      await room.files.write('/tmp/real/file', 'inside\n');
      await room.files.makeDirectory(`/tmp/real/${round}`);
      await room.files.remove(`/tmp/real/${round}`, { recursive: true });
    } catch (error) {
      seen.add((error as RoomError).code);
    }
  }
  t.deepEqual(
    [...seen].filter((what) => !['inside\n', '', 'ERR_ROOM_FILE'].includes(what)),
    [],
  );
  t.true(seen.has('inside\n'));
  t.deepEqual(readdirSync(outside), ['file']);
  t.is(await readFile(join(outside, 'file'), 'utf8'), 'secret');
});

test('a tree that is swapped while it is copied or removed never leads out', async (t) => {
  const outside = await place();
  await writeFile(join(outside, 'file'), 'secret');
  const room = await after(
    t,
    `mkdir -p /tmp/tree/real; echo inside > /tmp/tree/real/file; ln -s ${outside} /tmp/tree/link`,
  );
  const swapper = await room.exec(['swap', '/tmp/tree/real', '/tmp/tree/link']);
  await nextText(swapper.stdout);
  for (let round = 0; round < often(50); round++) {
    const to = join(await place(), 'copy');
    await room.files
      .copyOut('/tmp/tree', to)
      .catch((error: unknown) => t.is((error as RoomError).code, 'ERR_ROOM_FILE'));
    for (const name of ['real', 'link'])
      if (existsSync(join(to, name, 'file')))
        t.is(await readFile(join(to, name, 'file'), 'utf8'), 'inside\n');
  }
  await room.files.remove('/tmp/tree', { recursive: true }).catch(() => {});
  t.deepEqual(readdirSync(outside), ['file']);
});
