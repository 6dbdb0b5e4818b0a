import test from 'ava';
import type { NativeEvent } from '../../../types/event.js';
import { buildPlan, buildWaitingPlan } from '../../../src/plan/build.js';
import { shapeOf } from '../../../src/plan/shape.js';
import { nothingHeld } from '../../../src/room/held.js';
import { Ahead } from '../../../src/room/ahead.js';
import { Stock } from '../../../src/room/stock.js';
import { WaitingRoom } from '../../../src/room/waiting.js';
import { FakeLauncher, ended, exited, fault, launched, removed, resolved, started } from './fakes.js';

const assembled = { type: 'waiting', room: 7, marks: { sealed: 90 } } as const;

function wait(launcher = new FakeLauncher()): { launcher: FakeLauncher; room: WaitingRoom; gone: boolean[] } {
  const gone: boolean[] = [];
  const at = resolved();
  const room = new WaitingRoom({
    launcher,
    plan: buildWaitingPlan(at, null),
    place: at.place,
    resolved: at,
    held: nothingHeld,
    gone: (clean) => void gone.push(clean),
  });
  room.launch();
  return { launcher, room, gone };
}

const run = buildPlan(resolved({ lifetime: 9 }), null);

test('it waits, is given a command, and everything after that goes to whoever gave it', async (t) => {
  const { launcher, room, gone } = wait();
  t.is(
    room.run(run, () => {}),
    null,
    'it is not there yet',
  );
  launcher.say(launched);
  launcher.say(assembled);
  await room.ready.promise;
  t.is(room.pid, 4242);
  const heard: NativeEvent[] = [];
  t.not(
    room.run(run, (event) => heard.push(event)),
    null,
  );
  t.true(launcher.calls.includes('run 7 sh -c true 9'));
  for (const event of [started, exited(0, 0), ended, removed]) launcher.say(event);
  t.deepEqual(
    heard.map(({ type }) => type),
    ['started', 'exited', 'ended', 'removed'],
  );
  t.deepEqual(gone, [], 'its place is theirs');
  t.is(launcher.holds, 0, 'nobody is kept alive by what waits');
});

test('one that cannot be put together says why, once nothing is left of it', async (t) => {
  const { launcher, room, gone } = wait();
  launcher.say(launched);
  launcher.say({ type: 'start-failed', room: 7, process: 0, fault: fault('mount.tmpfs', 12) });
  launcher.say(ended);
  t.deepEqual(gone, []);
  launcher.say(removed);
  await t.throwsAsync(room.ready.promise, { message: /tmpfs/ });
  await room.over.promise;
  t.deepEqual(gone, [true]);
});

test('one that was never launched says why', async (t) => {
  const { launcher, room, gone } = wait();
  launcher.say({ type: 'launch-failed', room: 7, fault: fault('clone', 11) });
  await t.throwsAsync(room.ready.promise, { message: /clone|process/ });
  t.deepEqual(gone, [true]);
});

test('one that is killed while it waits takes no command', async (t) => {
  const { launcher, room, gone } = wait();
  launcher.say(assembled);
  launcher.say(ended);
  t.is(
    room.run(run, () => {}),
    null,
  );
  launcher.say({ type: 'removed', room: 7, fault: fault('cgroup.remove', 16) });
  await room.over.promise;
  t.deepEqual(gone, [false], 'something is left');
});

test('discarding keeps the process alive until it is over, and kills once', async (t) => {
  const { launcher, room } = wait();
  launcher.say(assembled);
  room.discard();
  room.discard();
  t.is(launcher.holds, 1);
  t.deepEqual(launcher.calls.filter((call) => call === 'kill 7').length, 1);
  launcher.say(ended);
  launcher.say(removed);
  await room.over.promise;
  await Promise.resolve();
  t.is(launcher.holds, 0);
});

/** Makes rooms that wait at once. */
function maker(launchers: FakeLauncher[]): () => Promise<WaitingRoom> {
  return async () => {
    const { launcher, room } = wait();
    launchers.push(launcher);
    launcher.say(assembled);
    await room.ready.promise;
    return room;
  };
}

function stockOf(size: number): { stock: Stock; launchers: FakeLauncher[]; failures: unknown[] } {
  const launchers: FakeLauncher[] = [];
  const failures: unknown[] = [];
  const failed = (error: unknown): number => failures.push(error);
  return { stock: new Stock({ size, eager: false, make: maker(launchers), failed }), launchers, failures };
}

test('a stock gives out what waits, oldest first, and nothing that has ended', async (t) => {
  const { stock, launchers } = stockOf(3);
  while (stock.missing) t.true(await stock.make());
  t.is(stock.waiting, 3);
  launchers[0]!.say(ended);
  t.is(stock.take()?.plan.id, 'room-0a1b2c3d-1');
  t.is(stock.waiting, 1, 'the first was dead');
  const closing = stock.close();
  t.is(stock.take(), undefined);
  t.false(stock.missing);
  for (const launcher of launchers) launcher.say(removed);
  await closing;
});

test('a stock hears of failures until it is closed', async (t) => {
  const failures: unknown[] = [];
  const make = (): Promise<WaitingRoom> => Promise.reject(new Error('no'));
  const stock = new Stock({ size: 1, eager: false, make, failed: (error) => failures.push(error) });
  t.false(await stock.make());
  await stock.close();
  t.false(await stock.make());
  t.is(failures.length, 1);
});

function ahead(size = 2): { ahead: Ahead; launchers: FakeLauncher[] } {
  const launchers: FakeLauncher[] = [];
  return {
    ahead: new Ahead({ size, patience: 60_000, make: maker(launchers), failed: () => {} }),
    launchers,
  };
}

test('what was spawned twice in a row is expected a third time', async (t) => {
  const { ahead: rooms } = ahead();
  const [one, two] = [resolved(), resolved({ hostname: 'other' })];
  const shape = shapeOf(one, null);
  const other = { ...shapeOf(two, null), lower: shape.lower };
  rooms.learn(one, shape);
  t.is(rooms.size, 0);
  t.false(rooms.missing);
  rooms.learn(one, shape);
  t.is(rooms.size, 2);
  while (rooms.missing) t.true(await rooms.make());
  t.is(rooms.take(other), undefined);
  t.not(rooms.take(shape), undefined);
  rooms.learn(two, other);
  t.not(rooms.take(shape), undefined, 'one other spec changes nothing');
  rooms.learn(two, other);
  t.is(rooms.take(shape), undefined);
  t.true(rooms.missing, 'two do');
  await rooms.giveUp();
  t.is(rooms.size, 0);
});

test('nothing is expected that depends on the host, or when nothing shall be kept', (t) => {
  const bind = { kind: 'bind', source: '/a', sourceKind: 'file', at: '/a', access: 'read', noExec: false, recursive: false, owner: null } as const; // prettier-ignore
  const mounted = resolved({}, { mounts: [bind] });
  for (const [room, size] of [
    [mounted, 2],
    [resolved(), 0],
  ] as const) {
    // prettier-ignore
    const { ahead: rooms } = ahead(size);
    const shape = shapeOf(room, null);
    for (let i = 0; i < 3; i++) rooms.learn(room, shape);
    t.is(rooms.size, 0);
  }
});
