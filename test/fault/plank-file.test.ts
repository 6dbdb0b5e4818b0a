// The file of a plank is replaced, removed or written to while rooms run from it.
import { copyFile, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import test from 'ava';
import type { RoomError } from '../../src/index.js';
import { useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 0 });

async function copyOfPlank(name: string): Promise<string> {
  const plank = join(rooms.directory, name);
  await copyFile(rooms.plank, plank);
  return plank;
}

const digestOf = async (path: string): Promise<string> =>
  `sha256:${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`;

/** Reads all of the plank after a word on stdin, and says how that went. */
const reader = 'read go; cat /bin/busybox /usr/local/bin/* | wc -c';

test('a room keeps the plank that it was made from when another takes its name', async (t) => {
  const plank = await copyOfPlank('renamed.sqsh');
  const plankDigest = await digestOf(plank);
  const whole = await rooms.output(t, reader.replace('read go; ', ''), { plank });
  const room = await rooms.start(t, reader, { plank, plankDigest });
  await writeFile(join(rooms.directory, 'other'), 'no plank');
  await rename(join(rooms.directory, 'other'), plank);
  room.stdin?.end('go\n');
  t.is(String(await room.stdout?.toArray().then((chunks) => chunks.join(''))).trim(), whole);
  t.is((await room.exited).exitCode, 0);

  const invalid = await t.throwsAsync(rooms.anchor.spawn(rooms.shell('true', { plank })));
  t.is((invalid as RoomError).code, 'ERR_ROOM_PLANK_INVALID');
  await copyFile(rooms.plank, plank);
  await writeFile(plank, 'x', { flag: 'a' });
  const other = await t.throwsAsync(rooms.anchor.spawn(rooms.shell('true', { plank, plankDigest })));
  t.is((other as RoomError).code, 'ERR_ROOM_PLANK_DIGEST');
});

test('a room keeps a plank that is removed, and the next one is told', async (t) => {
  const plank = await copyOfPlank('removed.sqsh');
  const room = await rooms.start(t, reader, { plank });
  await rm(plank);
  room.stdin?.end('go\n');
  t.is((await room.exited).exitCode, 0);
  const error = await t.throwsAsync(rooms.anchor.spawn(rooms.shell('true', { plank })));
  t.like(error, { code: 'ERR_ROOM_PLANK_NOT_FOUND', path: plank });
});

test('a plank that is cut off below a room ends programs that read it, and nothing else', async (t) => {
  const plank = await copyOfPlank('cut.sqsh');
  const room = await rooms.anchor.spawn(rooms.shell(reader, { plank }));
  await truncate(plank, 4096);
  room.stdin?.end('go\n');
  // What the kernel has in memory is still read; the rest is an error of the file or a SIGBUS.
  t.true(['exited', 'signaled'].includes((await room.exited).reason));
  t.is(await room.removed, null);
  const error = await t.throwsAsync(rooms.anchor.spawn(rooms.shell('true', { plank })));
  t.like(error, { code: 'ERR_ROOM_PLANK_INVALID', path: plank });
  t.is(await rooms.output(t, 'echo fine'), 'fine');
});

test('a plank whose root is no directory is none', async (t) => {
  const plank = await copyOfPlank('root.sqsh');
  const bytes = await readFile(plank);
  const seen = new Set<string>();
  // The tables at the end: inodes and directories, of which the root is one.
  for (let at = 1; at <= 120; at++) {
    const broken = Buffer.from(bytes);
    const place = broken.length - 1 - at * 29;
    broken[place] = (broken[place] ?? 0) ^ 0xff;
    const path = join(rooms.directory, `flipped-${at}.sqsh`);
    await writeFile(path, broken);
    const error = await rooms.anchor.run({ plank: path, command: ['true'], lifetime: '20s' }).then(
      () => null,
      (reason: unknown) => reason as RoomError,
    );
    await rm(path);
    if (error?.syscall === 'move_mount') seen.add(`${error.code} ${error.message}`);
  }
  t.deepEqual(
    [...seen].filter((text) => !text.startsWith('ERR_ROOM_PLANK_INVALID')),
    [],
  );
});
