import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Anchor, type Room, type RoomSpec } from '../../src/index.js';
import { descendantsOf, read, roomInitsOf } from '../helpers/host-state.js';
import { assertNothingLeft, settled, standing } from '../helpers/leftovers.js';
import { useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 3 });

/** Rooms that wait for what they shall be, or for their command. */
function blanks(): number[] {
  const living = [...rooms.anchor.rooms.values()].map((room) => room.pid);
  return roomInitsOf(process.pid).filter((pid) => !living.includes(pid));
}

/** Z: it has ended, and perhaps somebody has noticed. */
function stateOf(pid: number): string {
  return /^State:\s(\w)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 'Z';
}

function range(room: Room): number {
  const { identity } = room.granted;
  return identity.kind === 'mapped' ? identity.base : -1;
}

test.serial('as many blank rooms wait as were asked for, and each becomes one room', async (t) => {
  await rooms.anchor.ready();
  const waiting = blanks();
  t.is(waiting.length, 3);
  const made = await Promise.all([1, 2, 3, 4, 5].map(() => rooms.start(t, 'sleep 1000')));
  const pids = made.map((room) => room.pid);
  for (const pid of waiting) t.true(pids.includes(pid), 'what waited is used');
  t.is(new Set(made.map(range)).size, 5, 'no range of ids twice');
  t.is(new Set(made.map((room) => room.id)).size, 5);
  await Promise.all(made.map((room) => room.destroy()));
  await rooms.anchor.ready();
  t.is(blanks().length, 3);
  for (const pid of blanks()) t.false(pids.includes(pid), 'and never used again');
});

test.serial('a room from the reserve is like one that is made from nothing', async (t) => {
  const look =
    'id; hostname; cat /proc/self/mountinfo | cut -d" " -f4-; cat /proc/net/dev; grep -v -E "State|pid|Pid|ctxt|Cpus|Mems|Vm|Rss" /proc/1/status; ' +
    'df -k / /dev/shm | tail -n +2; ls -la / /dev /dev/pts /dev/shm; cat /proc/sys/kernel/hostname; ulimit -a; cat /proc/1/oom_score_adj';
  // What differs from room to room, and from moment to moment: times, ids, devices, links of /proc.
  const plain = (text: string): string =>
    text.replaceAll(/\d{5,}|\d\d:\d\d/g, '#').replaceAll(/^(dr-xr-xr-x) +\d+/gm, '$1 #');
  await rooms.anchor.ready();
  const prepared = await rooms.output(t, look, { limits: { disk: '2MiB' } });
  const bare = await Anchor.open({ reserve: 0 });
  t.teardown(() => bare.close());
  const { stdout } = await bare.run(rooms.shell(look, { limits: { disk: '2MiB' } }));
  t.is(plain(prepared), plain(stdout.trimEnd()));
});

test.serial('the size of the writable layer is the one of the spec', async (t) => {
  await rooms.anchor.ready();
  const kilobytes = await rooms.output(t, 'df -k / | tail -1 | awk "{print \\$2}"', {
    limits: { disk: '3MiB', files: 100 },
  });
  t.is(kilobytes, '3072');
  const files = await rooms.output(t, 'i=0; while touch /tmp/f$i 2>/dev/null; do i=$((i+1)); done; echo $i', {
    limits: { disk: '3MiB', files: 100 },
  });
  t.true(Number(files) > 50 && Number(files) <= 100, files);
});

test.serial('a blank room that was killed is replaced by one that is made on the way', async (t) => {
  await rooms.anchor.ready();
  const waiting = blanks();
  for (const pid of waiting) process.kill(pid, 'SIGKILL');
  t.deepEqual(await settled(() => waiting.map(stateOf).filter((state) => state !== 'Z')), []);
  t.is(await rooms.output(t, 'echo here'), 'here');
  for (let i = 0; i < 5; i++) t.is(await rooms.output(t, 'echo here'), 'here');
});

test.serial(
  'a spec that comes again finds a room that waits, and gives it its own command and user',
  async (t) => {
    const anchor = await Anchor.open({ reserve: 4 });
    t.teardown(() => anchor.close());
    const say = async (line: string, more: Partial<RoomSpec> = {}): Promise<[string, string[]]> => {
      await anchor.ready();
      const { stdout, outcome, room } = await anchor.run(rooms.shell(line, more));
      t.is(outcome.exitCode, 0);
      // room-init may have been told before the launcher knows that it is sent.
      return [stdout.trim(), Object.keys(room.timings.phases).sort()];
    };
    await say('id -u');
    t.true((await say('id -u'))[1].includes('root'), 'the second was put together when it was asked for');
    const waited = ['check', 'plan', 'resolve', 'sent', 'started', 'told'];
    t.deepEqual(await say('id -u'), ['0', waited]);
    t.deepEqual(await say('id -u', { user: 'app' }), ['1000', waited]);
    t.deepEqual(await say('id -u; echo $A', { user: '0:7', env: { A: 'b' } }), ['0\nb', waited]);
    t.deepEqual(await say('pwd', { cwd: '/tmp', lifetime: '1h' }), ['/tmp', waited]);
    t.false((await say('hostname', { hostname: 'other' }))[1].length === waited.length);
    t.is((await say('hostname'))[0], 'room', 'one other spec between changes nothing');
  },
);

test.serial('rooms with the ids of the host are made from nothing', async (t) => {
  await rooms.anchor.ready();
  const before = blanks();
  t.is(await rooms.output(t, 'cat /proc/self/uid_map | wc -l', { identity: 'host' }), '1');
  t.deepEqual(blanks(), before);
});

test.serial('plan() takes nothing from the reserve', async (t) => {
  await rooms.anchor.ready();
  const before = blanks();
  t.false((await rooms.anchor.plan(rooms.shell('true'))).prepared);
  t.deepEqual(blanks(), before);
});

test.serial('closing ends blank rooms, also those that are being made', async (t) => {
  const before = await standing(rooms.plank);
  const known = new Set(before.children);
  const anchor = await Anchor.open({ reserve: 5 });
  const other = await Anchor.open({ reserve: 5 });
  await other.ready();
  await Promise.all([anchor.close(), other.close()]);
  const left = await settled(() => [...descendantsOf(process.pid).keys()].filter((key) => !known.has(key)));
  t.deepEqual(left, []);
  await assertNothingLeft(t, before, rooms.plank);
  await t.throwsAsync(anchor.ready(), { code: 'ERR_ROOM_CLOSED' });
});

test.serial('the reserve fills up again by itself', async (t) => {
  await rooms.anchor.ready();
  await rooms.output(t, 'true');
  for (let i = 0; i < 500 && blanks().length < 3; i++) await sleep(10);
  t.is(blanks().length, 3);
});

for (const reserve of [-1, 65, 1.5, '3', null]) {
  test.serial(`reserve: ${JSON.stringify(reserve)} is refused`, async (t) => {
    const error = await t.throwsAsync(Anchor.open({ reserve: reserve as number }));
    t.regex(error.message, /^reserve: /);
  });
}
