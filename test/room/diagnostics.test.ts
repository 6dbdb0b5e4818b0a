import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import test from 'ava';
import type { ExitMessage, SpawnEndMessage, SpawnErrorMessage, SpawnStartMessage } from '../../src/index.js';
import { runFresh } from '../helpers/fresh-process.js';
import { library, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

test.serial('channels tell about each room that is made and ends', async (t) => {
  const told: [string, unknown][] = [];
  const listeners = ['spawn:start', 'spawn:end', 'spawn:error', 'exit'].map((name) => {
    const listener = (message: unknown): void => void told.push([name, message]);
    subscribe(`anchor:room:${name}`, listener);
    return () => unsubscribe(`anchor:room:${name}`, listener);
  });
  const { room, outcome } = await rooms.anchor.run(rooms.shell('exit 3'));
  const error = await t.throwsAsync(rooms.anchor.spawn(rooms.spec(['no-such-program'])));
  await t.throwsAsync(rooms.anchor.spawn(rooms.spec([])));
  for (const stop of listeners) stop();

  t.deepEqual(
    told.map(([name]) => name),
    ['spawn:start', 'spawn:end', 'exit', 'spawn:start', 'spawn:error'],
  );
  const messages = told.map(([, message]) => message);
  t.deepEqual((messages[0] as SpawnStartMessage).spec.command, ['/bin/sh', '-c', 'exit 3']);
  t.is((messages[1] as SpawnEndMessage).room, room);
  t.is((messages[2] as ExitMessage).outcome, outcome);
  t.is((messages[4] as SpawnErrorMessage).error, error);
});

test.serial('NODE_DEBUG=anchor writes the same to stderr, and nothing is written without it', async (t) => {
  const source = `
    import { Anchor } from ${JSON.stringify(library)};
    const anchor = await Anchor.open();
    const plank = ${JSON.stringify(rooms.plank)};
    await anchor.run({ plank, command: ['true'], env: { SECRET: 'of the room' } });
    await anchor.spawn({ plank, command: ['no-such-program'] }).catch(() => {});
    await anchor.close();`;
  const loud = await runFresh(source, { env: { ...process.env, NODE_DEBUG: 'anchor' } });
  t.is(loud.code, 0, loud.stderr);
  t.regex(loud.stderr, /ANCHOR \d+: spawn \["true"\] from /);
  t.regex(loud.stderr, /room-[0-9a-f]+-\d+ runs, pid \d+, after [\d.]+ µs/);
  t.regex(loud.stderr, /ended: exited/);
  t.regex(loud.stderr, /spawn failed: RoomError/);
  t.false(loud.stderr.includes('of the room'), 'values of the environment are secrets');
  const quiet = await runFresh(source);
  t.deepEqual([quiet.stdout, quiet.stderr], ['', '']);
});

test.serial('timings name every phase of a start', async (t) => {
  const { room } = await rooms.anchor.run(rooms.shell('true'));
  const phases = Object.keys(room.timings.phases);
  for (const phase of [
    'check',
    'resolve',
    'plan',
    'blank',
    'root',
    'mounts',
    'identity',
    'sealed',
    'started',
  ])
    t.true(phases.includes(phase), phase);
  t.true(
    Object.values(room.timings.phases).every((duration) => duration >= 0),
    JSON.stringify(room.timings),
  );
});

test.serial('hostReport() has an answer for everything, and a remedy for what is missing', async (t) => {
  const report = await rooms.anchor.hostReport();
  t.true(report.capabilities.length > 10);
  for (const { name, ok, why, remedy } of report.capabilities) {
    t.true(why.length > 5, name);
    if (!ok) t.true((remedy ?? '').length > 5, name);
  }
});
