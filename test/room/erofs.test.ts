import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { busyboxPlank } from '../helpers/image.js';
import { lines, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

async function erofs(name: string): Promise<string> {
  const plank = join(rooms.directory, `${name}.erofs`);
  await copyFile(await busyboxPlank('erofs'), plank);
  return plank;
}

test('an erofs plank makes a room like any other', async (t) => {
  const plank = await erofs('room');
  const { stdout, room, outcome } = await rooms.anchor.run({
    plank,
    command: ['sh', '-c', 'cat /etc/group | head -1; echo x > /tmp/new && cat /tmp/new; id -u app'],
  });
  t.is(outcome.exitCode, 0);
  t.deepEqual(lines(stdout), ['root:x:0:', 'x', '1000']);
  t.is(room.granted.plank.format, 'erofs');
});

test('granted says how it is attached and whether its files have the ids of the room', async (t) => {
  const { stdout, room } = await rooms.anchor.run({
    plank: await erofs('ids'),
    command: ['stat', '-c', '%u', '/etc/passwd'],
  });
  const { attach, idmap } = room.granted.plank;
  t.true(attach === 'file' || attach === 'loop');
  t.is(stdout.trim(), idmap ? '0' : '65534');
});

test('squashfs and erofs rooms live side by side', async (t) => {
  const plank = await erofs('beside');
  const outputs = await Promise.all(
    Array.from({ length: 10 }, (_, at) =>
      rooms.anchor.run({ plank: at % 2 === 0 ? plank : rooms.plank, command: ['echo', String(at)] }),
    ),
  );
  t.deepEqual(
    outputs.map(({ stdout }) => stdout.trim()),
    Array.from({ length: 10 }, (_, at) => String(at)),
  );
});
