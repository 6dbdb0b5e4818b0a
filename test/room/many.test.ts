import test from 'ava';
import { assertNothingLeft, standing } from '../helpers/leftovers.js';
import { often, useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 0 });

test.serial.before('everything that is made once is there', async (t) => {
  await rooms.output(t, 'true');
});

test.serial('64 in flight at once all say what they were told', async (t) => {
  const before = await standing(rooms.plank);
  const results = await Promise.all(
    Array.from({ length: 64 }, (_, at) => rooms.anchor.run(rooms.spec(['echo', String(at)]))),
  );
  t.deepEqual(
    results.map(({ stdout }) => stdout),
    Array.from({ length: 64 }, (_, at) => `${at}\n`),
  );
  t.is(new Set(results.map(({ room }) => room.id)).size, 64);
  await Promise.all(results.map(({ room }) => room.removed));
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial(`${often(300)} in a row leave as many descriptors and threads as there were`, async (t) => {
  const before = await standing(rooms.plank);
  for (let round = 0; round < often(300); round++) {
    const { outcome } = await rooms.anchor.run(rooms.spec(['true']));
    if (outcome.exitCode !== 0) t.fail(JSON.stringify(outcome));
  }
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial('hundreds that fail in every way leave nothing either', async (t) => {
  const before = await standing(rooms.plank);
  const bad = [
    rooms.spec(['no-such-program']),
    rooms.shell('true', { cwd: '/nowhere' }),
    rooms.shell('true', { mounts: [{ host: '/nowhere', at: '/x' }] }),
    rooms.shell('true', { mounts: [{ host: '/usr', at: '/etc/passwd' }] }),
    rooms.shell('true', { stdio: ['ignore', 54_321, 'ignore'] }),
    rooms.shell('true', { user: 'nobody-at-all' }),
    rooms.shell('true', { plank: '/nowhere.sqsh' }),
  ];
  const results = await Promise.allSettled(
    Array.from({ length: often(210) }, (_, at) => rooms.anchor.spawn(bad[at % bad.length]!)),
  );
  t.deepEqual(
    results.filter(({ status }) => status === 'fulfilled'),
    [],
  );
  t.is(rooms.anchor.rooms.size, 0);
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial('streams of every kind are closed with their rooms', async (t) => {
  const before = await standing(rooms.plank);
  for (const stdio of [
    'pipe',
    'ignore',
    { pty: {} },
    ['pipe', 'ignore', 'pipe'],
    ['ignore', 'pipe', 'ignore'],
  ] as const)
    for (const touch of [true, false]) {
      const made = await Promise.all(
        Array.from({ length: 10 }, () =>
          rooms.anchor.spawn(rooms.shell('echo out; echo err >&2; sleep 1000', { stdio })),
        ),
      );
      for (const room of made) if (touch) room.stdout?.resume();
      await Promise.all(made.map((room) => room.destroy()));
    }
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial('output that is never read is given back, once the rooms are', async (t) => {
  const before = await standing(rooms.plank);
  for (let round = 0; round < 20; round++)
    await (
      await rooms.anchor.spawn(rooms.shell('echo out; echo err >&2'))
    ).removed;
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial('processes of exec leave nothing', async (t) => {
  const room = await rooms.start(t, 'exec sleep 1000');
  const before = await standing(rooms.plank);
  for (let round = 0; round < often(100); round++) {
    const process = await room.exec(['true'], { stdio: round % 2 === 0 ? 'pipe' : { pty: {} } });
    await process.exited;
    process.stdout?.resume();
    process.stderr?.resume();
  }
  await assertNothingLeft(t, before, rooms.plank);
});
