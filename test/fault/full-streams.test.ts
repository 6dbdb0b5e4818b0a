// A pipe that nobody reads fills up and blocks whoever writes to it: everything else goes on.
import test from 'ava';
import { assertNothingLeft, standing } from '../helpers/leftovers.js';
import { useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 0 });
const chatter = 'while :; do echo "a line that nobody reads"; done';

test.serial.before('everything that is made once is there', async (t) => {
  await rooms.output(t, 'true');
});

test.serial('a room that talks to nobody is ended by its lifetime', async (t) => {
  const before = await standing(rooms.plank);
  const room = await rooms.anchor.spawn(rooms.shell(chatter, { lifetime: '300ms' }));
  t.is((await room.exited).reason, 'timed-out');
  t.is(await room.removed, null);
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial('and by destroy(), exec() and all', async (t) => {
  const before = await standing(rooms.plank);
  const made = await Promise.all([1, 2, 3, 4].map(() => rooms.anchor.spawn(rooms.shell(chatter))));
  const more = await Promise.all(made.map((room) => room.exec(['sh', '-c', chatter])));
  await Promise.all(made.map((room) => room.destroy()));
  for (const room of made) t.is((await room.exited).reason, 'destroyed');
  for (const process of more) t.not((await process.exited).exitCode, 0);
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial('what was said before the end is there to be read after it', async (t) => {
  const room = await rooms.anchor.spawn(rooms.shell(chatter, { lifetime: '300ms' }));
  t.is((await room.exited).reason, 'timed-out');
  let size = 0;
  for await (const chunk of room.stdout!) size += (chunk as Buffer).length;
  t.true(size > 60_000, `${size} bytes: about what a pipe holds`);
});

test.serial('closing an Anchor ends rooms that talk to nobody', async (t) => {
  const { Anchor } = await import('../../src/index.js');
  const before = await standing(rooms.plank);
  const anchor = await Anchor.open({ reserve: 0 });
  const room = await anchor.spawn(rooms.shell(chatter));
  await anchor.close();
  t.is((await room.exited).reason, 'owner-closed');
  await assertNothingLeft(t, before, rooms.plank);
});
