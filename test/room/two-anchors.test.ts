import test from 'ava';
import { Anchor } from '../../src/index.js';
import { lines, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

test('two Anchors make rooms at once that share no id and no user', async (t) => {
  const other = await Anchor.open();
  t.teardown(() => other.close());
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      (at % 2 === 0 ? rooms.anchor : other).spawn(rooms.shell('exec sleep 1000')),
    ),
  );
  t.is(new Set(made.map(({ id }) => id)).size, 20);
  const bases = made.map(({ granted }) =>
    granted.identity.kind === 'mapped' ? granted.identity.base : granted.identity,
  );
  t.is(new Set(bases).size, 20);
  t.is(other.rooms.size, 10);
  await Promise.all(made.map((room) => room.destroy()));
});

test('closing one does nothing to the rooms of the other', async (t) => {
  const [first, second] = await Promise.all([Anchor.open(), Anchor.open()]);
  const ours = await first.spawn(rooms.shell('read line; exit 3'));
  const theirs = await second.spawn(rooms.shell('exec sleep 1000'));
  await second.close();
  t.is((await theirs.exited).reason, 'owner-closed');
  t.is(ours.state, 'running');
  ours.stdin?.end('\n');
  t.is((await ours.exited).exitCode, 3);
  await first.close();
});

test('they do not see the rooms of each other in events', async (t) => {
  const [first, second] = await Promise.all([Anchor.open(), Anchor.open()]);
  const told: string[] = [];
  second.on('started', (room) => told.push(room.id));
  await first.run(rooms.shell('true'));
  await Promise.all([first.close(), second.close()]);
  t.deepEqual(told, []);
});

test('a plank that two of them use stays when one of them goes', async (t) => {
  const other = await Anchor.open();
  await other.run(rooms.shell('true'));
  const room = await rooms.start(t, 'while read line; do cat /etc/group | head -1; done');
  await other.close();
  room.stdin?.end('\n');
  let text = '';
  for await (const chunk of room.stdout ?? []) text += String(chunk);
  t.deepEqual(lines(text), ['root:x:0:']);
});
