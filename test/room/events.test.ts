import test from 'ava';
import { Anchor, type AnchorEvent, type Room, type RoomEvent } from '../../src/index.js';
import { useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

test('a room tells started, exited and removed, in this order, to every kind of listener', async (t) => {
  const room = await rooms.anchor.spawn(rooms.shell('read line; exit 3'));
  const emitted: string[] = [];
  room.on('exited', (outcome) => emitted.push(`exited ${outcome.exitCode}`));
  room.on('removed', (left) => emitted.push(`removed ${left}`));
  const told: RoomEvent[] = [];
  const reading = (async () => {
    for await (const event of room.events()) told.push(event);
  })();
  room.stdin?.end('\n');
  await reading;
  t.deepEqual(
    told.map(({ type }) => type),
    ['started', 'exited', 'removed'],
  );
  t.is(told[0]?.type === 'started' ? told[0].pid : null, room.pid);
  t.is(told[1]?.type === 'exited' ? told[1].outcome : null, await room.exited);
  t.deepEqual(emitted, ['exited 3', 'removed null']);
});

test('whoever asks late is told what has happened', async (t) => {
  const { room } = await rooms.anchor.run(rooms.shell('true'));
  await room.removed;
  const told: string[] = [];
  for await (const { type } of room.events()) told.push(type);
  t.deepEqual(told, ['started', 'exited', 'removed']);
});

test('states follow the events', async (t) => {
  const room = await rooms.anchor.spawn(rooms.shell('read line'));
  t.is(room.state, 'running');
  const states: string[] = [];
  room.on('exited', () => states.push(room.state));
  room.on('removed', () => states.push(room.state));
  room.stdin?.end();
  for await (const event of room.events()) if (event.type === 'removed') break;
  t.deepEqual(states, ['ended', 'removed']);
});

test('an Anchor tells what happens to all of its rooms, and lists those that live', async (t) => {
  const anchor = await Anchor.open();
  const told: AnchorEvent[] = [];
  const reading = (async () => {
    for await (const event of anchor.events()) told.push(event);
  })();
  const emitted: string[] = [];
  for (const name of ['started', 'exited', 'removed'] as const)
    anchor.on(name, (room: Room) => emitted.push(`${room.id} ${name}`));
  const made = await Promise.all([1, 2, 3].map(() => anchor.spawn(rooms.shell('read line'))));
  t.deepEqual([...anchor.rooms.keys()].sort(), made.map(({ id }) => id).sort());
  for (const room of made) room.stdin?.end();
  await Promise.all(made.map(({ removed }) => removed));
  t.is(anchor.rooms.size, 0);
  await anchor.close();
  await reading;
  for (const { id } of made) {
    const expected = ['started', 'exited', 'removed'];
    t.deepEqual(
      told.filter(({ room }) => room.id === id).map(({ type }) => type),
      expected,
    );
    t.deepEqual(
      emitted.filter((line) => line.startsWith(`${id} `)),
      expected.map((name) => `${id} ${name}`),
    );
  }
});

test('a room that could not be made tells nobody anything', async (t) => {
  const anchor = await Anchor.open();
  t.teardown(() => anchor.close());
  const told: string[] = [];
  for (const name of ['started', 'exited', 'removed'] as const) anchor.on(name, () => told.push(name));
  await t.throwsAsync(anchor.spawn(rooms.spec(['no-such-program'])), { code: 'ERR_ROOM_COMMAND_NOT_FOUND' });
  t.is(anchor.rooms.size, 0);
  t.deepEqual(told, []);
});

test('leaving the loop early stops the telling', async (t) => {
  const room = await rooms.start(t, 'sleep 1000');
  for await (const event of room.events()) {
    t.is(event.type, 'started');
    break;
  }
  await room.destroy();
  t.is(room.state, 'removed');
});
