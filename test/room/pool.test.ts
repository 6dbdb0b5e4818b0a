import {
  createReadStream,
  openSync,
  closeSync,
  mkdtempSync,
  rmSync,
  copyFileSync,
  renameSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { Anchor, type Pool, type PoolSpec, type Room, type TakeOptions } from '../../src/index.js';
import { descendantsOf, roomInitsOf } from '../helpers/host-state.js';
import { assertNothingLeft, settled, standing } from '../helpers/leftovers.js';
import { hostDirectory, useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 2 });

const shell = (line: string): TakeOptions => ({ command: ['/bin/sh', '-c', line] });

function pool(spec: Partial<PoolSpec> = {}, size = 2): Pool {
  return rooms.anchor.pool({ plank: rooms.plank, ...spec }, { size });
}

/** What a line of shell says in a room of the pool. */
async function say(from: Pool, line: string, options: TakeOptions = {}): Promise<string> {
  const room = await from.take({ ...shell(line), ...options });
  const said = await text(room.stdout!);
  await room.removed;
  return said.trimEnd();
}

/** Rooms that do not run. */
function waiting(): number {
  const running = [...rooms.anchor.rooms.values()].map((room) => room.pid);
  return roomInitsOf(process.pid).filter((pid) => !running.includes(pid)).length;
}

test.serial('rooms wait, are taken once each, and are replaced', async (t) => {
  await using warm = pool();
  await warm.ready();
  t.like(warm.counters, { hits: 0, misses: 0, waiting: 2, made: 2, failed: 0 });
  const taken: Room[] = [];
  for (let i = 0; i < 5; i++) {
    const room = await warm.take(shell('echo $$ > /tmp/was-here; ls /tmp; cat'));
    taken.push(room);
    await warm.ready();
  }
  t.is(new Set(taken.map(({ id }) => id)).size, 5);
  t.is(new Set(taken.map(({ pid }) => pid)).size, 5);
  for (const room of taken) room.stdin?.end();
  for (const room of taken) t.is((await text(room.stdout!)).trim(), 'was-here', 'nothing of another room');
  t.like(warm.counters, { hits: 5, misses: 0, waiting: 2, made: 7, failed: 0 });
});

test.serial('a room that has waited is like one that was spawned', async (t) => {
  const look =
    'id; hostname; pwd; env | sort; cat /proc/self/mountinfo | cut -d" " -f4- | sort; cat /proc/net/dev; ls -l /proc/self/fd | wc -l; ' +
    'grep -v -E "pid|Pid|ctxt|Cpus|Mems|Vm|Rss|Stk" /proc/self/status; grep -v -E "pid|Pid|ctxt|Cpus|Mems|Vm|Rss|Stk" /proc/1/status; ' +
    'df -k / /dev/shm | tail -n +2; ls -la / /dev /dev/pts /dev/shm; ulimit -a; cat /proc/1/oom_score_adj';
  const plain = (said: string): string =>
    said.replaceAll(/\d{5,}|\d\d:\d\d/g, '#').replaceAll(/^(dr-xr-xr-x) +\d+/gm, '$1 #');
  const spec: Partial<PoolSpec> = {
    ...{ hostname: 'there', user: 'app', capabilities: ['NET_BIND_SERVICE'] },
    ...{ limits: { disk: '2MiB' }, rlimits: { nofile: 77 }, mounts: [{ tmpfs: '1MiB', at: '/scratch' }] },
  };
  await using warm = pool(spec);
  await warm.ready();
  const taken = await say(warm, look, { env: { A: 'b' }, cwd: '/tmp' });
  t.is(warm.counters.hits, 1);
  const bare = await Anchor.open({ reserve: 0 });
  t.teardown(() => bare.close());
  const spawned = await bare.run(rooms.shell(look, { ...spec, env: { A: 'b' }, cwd: '/tmp' }));
  t.is(plain(taken), plain(spawned.stdout.trimEnd()));
});

test.serial('the outcome, granted and timings are those of the command that was given', async (t) => {
  await using warm = pool({ command: ['/bin/sh', '-c', 'exit 3'], lifetime: '1h' });
  await warm.ready();
  const first = await warm.take();
  t.like(await first.exited, { reason: 'exited', exitCode: 3 });
  t.is(first.granted.lifetime, 3_600_000);
  t.deepEqual(Object.keys(first.timings.phases).slice(0, 2), ['check', 'plan']);
  t.true(first.timings.total > 0);
  await warm.ready();
  const second = await warm.take({ ...shell('sleep 1000'), lifetime: 50 });
  t.is((await second.exited).reason, 'timed-out');
  t.is(second.granted.lifetime, 50);
  await warm.ready();
  const third = await warm.take({ command: ['/bin/sleep', '1000'] });
  t.deepEqual(third.spec.command, ['/bin/sleep', '1000']);
  const more = await third.exec(['/bin/echo', 'here']);
  t.is(await text(more.stdout!), 'here\n');
  await third.destroy();
  t.is((await third.exited).reason, 'destroyed');
  t.true((await third.exited).usage.wall < 3_600_000_000);
});

test.serial('a lifetime counts from the take, not from the making', async (t) => {
  await using warm = pool({ command: ['/bin/cat'], lifetime: 300 });
  await warm.ready();
  await new Promise((resolve) => setTimeout(resolve, 600));
  t.is(warm.counters.waiting, 2, 'nobody times out who waits');
  const room = await warm.take();
  room.stdin?.end();
  t.is((await room.exited).reason, 'exited');
});

test.serial('an empty pool makes the room as spawn() does', async (t) => {
  await using warm = pool({}, 1);
  await warm.ready();
  const all = await Promise.all([1, 2, 3].map((n) => say(warm, `echo ${n}`)));
  t.deepEqual(all, ['1', '2', '3']);
  const { hits, misses } = warm.counters;
  t.is(hits + misses, 3);
  t.true(misses >= 1);
});

test.serial('a room that was killed while it waited is passed over', async (t) => {
  await using warm = pool();
  await warm.ready();
  const inits = roomInitsOf(process.pid);
  for (const pid of inits) process.kill(pid, 'SIGKILL');
  await settled(() =>
    roomInitsOf(process.pid)
      .filter((pid) => inits.includes(pid))
      .map(String),
  );
  t.is(await say(warm, 'echo still'), 'still');
});

test.serial('streams: pipes, files of this process, and a terminal', async (t) => {
  await using warm = pool({ command: ['/bin/cat'] });
  await warm.ready();
  const directory = mkdtempSync(join(tmpdir(), 'anchor-pool-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const fd = openSync(join(directory, 'out'), 'w+');
  const room = await warm.take({ ...shell('echo to-file'), stdio: ['ignore', fd, 'inherit'] });
  t.is(room.stdout, null);
  await room.exited;
  closeSync(fd);
  t.is(await text(createReadStream(join(directory, 'out'))), 'to-file\n');

  await using terminals = pool({ stdio: { pty: { columns: 60, rows: 20 } } });
  await terminals.ready();
  t.regex(await say(terminals, 'tty; stty size'), /^\/dev\/pts\/0\s+20 60$/);
  t.is(terminals.counters.hits, 1);
});

test.serial('a descriptor that is none fails the take, and the pool goes on', async (t) => {
  await using warm = pool();
  await warm.ready();
  const error = await t.throwsAsync(warm.take({ ...shell('true'), stdio: ['ignore', 999_999, 'ignore'] }));
  t.is((error as NodeJS.ErrnoException).code, 'ERR_ROOM_LAUNCH');
  t.is(await say(warm, 'echo on'), 'on');
});

test.serial('a program that is not there rejects, as with spawn()', async (t) => {
  await using warm = pool();
  await warm.ready();
  await t.throwsAsync(warm.take({ command: ['/no/such'] }), { code: 'ERR_ROOM_COMMAND_NOT_FOUND' });
  t.is(await say(warm, 'echo on'), 'on');
});

test.serial('an aborted signal takes nothing; a later one ends the room', async (t) => {
  await using warm = pool();
  await warm.ready();
  await t.throwsAsync(warm.take({ ...shell('true'), signal: AbortSignal.abort(new Error('no')) }), {
    message: 'no',
  });
  t.is(warm.counters.waiting, 2);
  const abort = new AbortController();
  const room = await warm.take({ ...shell('sleep 1000'), signal: abort.signal });
  abort.abort();
  t.is((await room.exited).reason, 'aborted');
  const quick = new AbortController();
  const taking = warm.take({ ...shell('sleep 1000'), signal: quick.signal });
  quick.abort(new Error('at once'));
  await t.throwsAsync(taking, { message: 'at once' });
});

test.serial('mounts of the host are there, with the owner of the room', async (t) => {
  const directory = await hostDirectory(t);
  await using warm = pool({ mounts: [{ host: directory, at: '/data' }] });
  await warm.ready();
  t.is(await say(warm, 'cat /data/file; touch /data/new 2>/dev/null || echo no'), 'content\nno');
  t.is(warm.counters.hits, 1);
});

test.serial('when the plank is replaced, those that wait are too', async (t) => {
  const plank = join(rooms.directory, 'replaced.sqsh');
  copyFileSync(rooms.plank, plank);
  await using warm = pool({ plank });
  await warm.ready();
  copyFileSync(rooms.plank, `${plank}.new`);
  renameSync(`${plank}.new`, plank);
  await say(warm, 'true');
  await warm.ready();
  t.is(warm.counters.waiting, 2);
  t.true(warm.counters.made >= 4, 'both were made anew');
});

test.serial('what the host has against the spec is told when it is taken', async (t) => {
  await using warm = pool({ plank: join(rooms.directory, 'none.sqsh') });
  await warm.ready();
  t.is(warm.counters.waiting, 0);
  t.true(warm.counters.failed >= 1);
  await t.throwsAsync(warm.take(shell('true')), { code: 'ERR_ROOM_PLANK_NOT_FOUND' });
});

test.serial('closing ends what waits and nothing else', async (t) => {
  const warm = pool();
  await warm.ready();
  const room = await warm.take({ command: ['/bin/cat'] });
  await warm.close();
  await warm.close();
  t.is(room.state, 'running');
  await t.throwsAsync(warm.take(shell('true')), { code: 'ERR_ROOM_CLOSED' });
  await t.throwsAsync(warm.ready(), { code: 'ERR_ROOM_CLOSED' });
  await room.destroy();
  await rooms.anchor.ready();
  t.is(waiting(), 2, 'only the reserve of the Anchor');
});

test.serial('a pool ends with its Anchor, and leaves nothing', async (t) => {
  const before = await standing(rooms.plank);
  const known = new Set(before.children);
  const anchor = await Anchor.open({ reserve: 0 });
  const warm = anchor.pool({ plank: rooms.plank }, { size: 5 });
  await warm.ready();
  await anchor.close();
  await t.throwsAsync(warm.take(shell('true')), { code: 'ERR_ROOM_CLOSED' });
  const left = await settled(() => [...descendantsOf(process.pid).keys()].filter((key) => !known.has(key)));
  t.deepEqual(left, []);
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial('what is wrong is said before anything is made', async (t) => {
  const refused = (make: () => unknown, message: RegExp): void => {
    t.regex((t.throws(make, { any: true }) as Error).message, message);
  };
  const { anchor, plank } = rooms;
  refused(() => anchor.pool({ plank, hostname: 'a b' }), /^hostname: /);
  refused(() => anchor.pool({ plank }, { size: 0 }), /^options\.size: /);
  refused(() => anchor.pool({ plank }, { size: 257 }), /^options\.size: /);
  refused(() => anchor.pool({ plank }, { refill: 'never' as 'idle' }), /^options\.refill: /);
  refused(() => anchor.pool({ plank }, { sise: 3 } as object), /^options\.sise: .*did you mean size/);
  await using warm = pool();
  await warm.ready();
  const taken = async (options: object, message: RegExp): Promise<void> => {
    t.regex(((await t.throwsAsync(warm.take(options), { any: true })) as Error).message, message);
  };
  await taken({}, /^command: /);
  await taken({ command: ['true'], user: 'root' }, /^options\.user: /);
  await taken({ command: ['true'], limits: { disk: '1MiB' } }, /^limits\.disk: /);
  await taken({ command: ['true'], limits: null }, /^limits: /);
  await taken({ command: ['true'], stdio: { pty: {} } }, /^stdio: /);
  await taken({ command: ['true'], signal: 3 }, /^signal: /);
  t.is(warm.counters.waiting, 2, 'and no room was used up');
});
