import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { Outcome, RoomError, RoomSpec, ServiceSpec } from '../../src/index.js';
import { useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 1 });

const shell = (line: string, more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  command: ['/bin/sh', '-c', line],
  ...more,
});

const listener = (port: number): string => `exec nc -ll -p ${port} -e echo hello`;

function spec(line: string, services: RoomSpec['services']): RoomSpec {
  return rooms.shell(line, services === undefined ? {} : { services });
}

async function run(
  line: string,
  services: RoomSpec['services'],
): Promise<{ stdout: string; outcome: Outcome }> {
  const { stdout, outcome } = await rooms.anchor.run(spec(line, services));
  return { stdout: stdout.trim(), outcome };
}

async function refused(services: RoomSpec['services'], signal?: AbortSignal): Promise<RoomError> {
  const error = (await rooms.anchor
    .spawn(spec('true', services), signal === undefined ? {} : { signal })
    .then(
      async (room) => {
        await room.destroy();
        return null;
      },
      (reason: unknown) => reason,
    )) as RoomError | null;
  if (error === null) throw new Error('the room was made');
  return error;
}

test('a service listens before the command begins', async (t) => {
  const services = { web: shell(`sleep 0.1; ${listener(4000)}`, { ready: { port: 4000 } }) };
  const { stdout, outcome } = await run('nc 127.0.0.1 4000 </dev/null', services);
  t.is(stdout, 'hello');
  t.like(outcome, { reason: 'exited', exitCode: 0 });
  t.like(outcome.services[0], { name: 'web', early: false, exitCode: null, signal: null });
});

test('a service is ready when its file appears', async (t) => {
  const line = 'sleep 0.1; echo ready > /tmp/sign; exec sleep 1000';
  const { stdout } = await run('cat /tmp/sign', { one: shell(line, { ready: { path: '/tmp/sign' } }) });
  t.is(stdout, 'ready');
});

test('a file that was there before is no sign', async (t) => {
  const again = shell('sleep 0.1; echo new > /tmp/sign; exec sleep 1000', {
    after: ['first'],
    ready: { path: '/tmp/sign' },
  });
  const first = shell('echo old > /tmp/sign; touch /tmp/done; exec sleep 1000', {
    ready: { command: ['test', '-e', '/tmp/done'] },
  });
  t.is((await run('cat /tmp/sign', { again, first })).stdout, 'new');
});

test('a service is ready when a command says so, with its user, directory and environment', async (t) => {
  const one = shell('sleep 0.1; touch $DONE; exec sleep 1000', {
    env: { DONE: 'done' },
    cwd: '/tmp',
    user: '1000:1000',
    ready: { command: ['/bin/sh', '-c', 'test -e $DONE && test $(id -u) = 1000'] },
  });
  const { stdout } = await run('stat -c %u /tmp/done; echo "[$DONE]"; pwd', { one });
  t.deepEqual(stdout.split('\n'), ['1000', '[]', '/'], 'and the command has nothing of it');
});

test('a service begins when those that it is after are ready', async (t) => {
  const services = {
    b: shell('cat /tmp/a; touch /tmp/b; exec sleep 1000', { after: ['a'], ready: { path: '/tmp/b' } }),
    a: shell('sleep 0.1; echo from-a > /tmp/a; exec sleep 1000', { ready: { path: '/tmp/a' } }),
  };
  const { outcome } = await run('true', services);
  t.deepEqual(
    outcome.services.map(({ name, log }) => [name, log.stdout]),
    [
      ['a', ''],
      ['b', 'from-a\n'],
    ],
  );
});

test('what services say is kept, while they live and in the outcome', async (t) => {
  const line = 'echo out; echo err >&2; touch /tmp/said; exec sleep 1000';
  const services = { one: shell(line, { ready: { path: '/tmp/said' } }) };
  const room = await rooms.start(t, 'cat', { services });
  t.like(room.services.get('one')?.log(), { stdout: 'out\n', stderr: 'err\n' });
  t.is(room.services.get('one')?.state, 'running');
  room.stdin?.end();
  const { services: ended } = await room.exited;
  t.deepEqual(ended[0]?.log, { stdout: 'out\n', stderr: 'err\n', total: { stdout: 4, stderr: 4 } });
});

test('output without end neither blocks a service nor fills the memory', async (t) => {
  const line = 'yes | head -c 8000000; echo last; touch /tmp/through; exec sleep 1000';
  // An emulated processor takes long for that.
  const ready = { path: '/tmp/through', timeout: '2min' };
  const { outcome } = await run('true', { one: shell(line, { ready }) });
  const log = outcome.services[0]!.log;
  t.is(log.total.stdout, 8_000_005);
  t.is(log.stdout.length, 64 * 1024);
  t.true(log.stdout.endsWith('\ny\nlast\n'));
});

test('a service that ends before it is ready', async (t) => {
  const error = await refused({
    db: shell('echo starting; printf "no \\033[31mtable\\n" >&2; exit 3', { ready: { port: 4001 } }),
  });
  t.is(error.code, 'ERR_ROOM_SERVICE');
  t.is(error.message, 'the service db ended with exit code 3 before it was ready: no \\u{1b}[31mtable');
  t.deepEqual(error.log, ['starting', 'no \\u{1b}[31mtable']);
  const killed = await refused({ db: shell('kill -9 $$', { ready: { port: 4001 } }) });
  t.regex(killed.message, /^the service db ended by SIGKILL before it was ready$/);
  const background = await refused({ db: shell('sleep 1000 &', { ready: { port: 4001 } }) });
  t.regex(background.hint!, /foreground/);
});

test('a service that is not ready in its time', async (t) => {
  const never = (ready: ServiceSpec['ready']): RoomSpec['services'] => ({
    db: shell('echo waiting; exec sleep 1000', { ready: { ...ready, timeout: '300ms' } }),
  });
  const port = await refused(never({ port: 4002 }));
  t.is(port.code, 'ERR_ROOM_SERVICE');
  t.is(port.message, 'the service db was not ready after 300 ms: nobody listens on port 4002');
  t.deepEqual(port.log, ['waiting']);
  t.regex((await refused(never({ path: '/tmp/x' }))).message, /there is no new \/tmp\/x$/);
  t.regex((await refused(never({ command: ['false'] }))).message, /false did not return 0$/);
  t.regex((await refused(never({ command: ['sleep', '1000'] }))).message, /sleep did not return 0$/);
});

test('nobody waits for the others when an essential one has gone', async (t) => {
  const error = await refused({
    'the-db': shell('sleep 0.1; echo gone; exit 7', { essential: true }),
    web: shell('exec sleep 1000', { after: ['the-db'], ready: { port: 4007, timeout: '1d' } }),
  });
  t.is(error.code, 'ERR_ROOM_SERVICE');
  t.is(error.message, 'the service the-db ended with exit code 7 before the command began: gone');
});

test('a service that cannot be started', async (t) => {
  const error = await refused({ db: { command: ['no-such-program'] } });
  t.is(error.code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  t.regex(error.message, /^services\.db: /);
  const probe = await refused({ db: shell('exec sleep 1000', { ready: { command: ['no-such-program'] } }) });
  t.is(probe.code, 'ERR_ROOM_COMMAND_NOT_FOUND');
  t.regex(probe.message, /^services\.db\.ready\.command: /);
  const named = await refused({ 'the-db': { command: ['no-such-program'] } });
  t.true(named.message.startsWith('services["the-db"]: '), named.message);
  const user = await refused({ db: { command: ['true'], user: 'nobody-here' } });
  t.regex(user.message, /^services\.db\.user: 'nobody-here'/);
});

test('a signal that aborts while services start', async (t) => {
  const abort = new AbortController();
  const reason = new Error('enough');
  setTimeout(() => abort.abort(reason), 100);
  const services = { db: shell('exec sleep 1000', { ready: { port: 4003 } }) };
  await t.throwsAsync(rooms.anchor.spawn(spec('true', services), { signal: abort.signal }), { is: reason });
});

test('a service that ends later is told of, and the room goes on', async (t) => {
  const services = {
    pipe: shell('mkfifo /tmp/go; exec sleep 1000', { ready: { path: '/tmp/go' } }),
    one: shell('read line < /tmp/go; exit 7', { after: ['pipe'] }),
  };
  const room = await rooms.start(t, 'read line; echo > /tmp/go; cat', { services });
  const told = new Promise<{ name: string; outcome: Outcome }>((resolve) => room.once('service', resolve));
  room.stdin?.write('go\n');
  t.like(await told, { name: 'one', outcome: { reason: 'exited', exitCode: 7 } });
  t.is(room.state, 'running');
  t.is(room.services.get('one')?.state, 'ended');
  room.stdin?.end();
  const outcome = await room.exited;
  t.like(outcome, { reason: 'exited', exitCode: 0 });
  t.deepEqual(
    outcome.services.map(({ name, early, exitCode }) => [name, early, exitCode]),
    [
      ['pipe', false, null],
      ['one', true, 7],
    ],
  );
});

test('an essential service takes the room along', async (t) => {
  const services = { one: shell('sleep 0.2; exit 7', { essential: true }) };
  const room = await rooms.start(t, 'exec sleep 1000', { services });
  const outcome = await room.exited;
  t.is(outcome.reason, 'service-ended');
  t.like(outcome.services[0], { name: 'one', early: true, exitCode: 7 });
});

test('a service gets signals', async (t) => {
  const services = { one: shell('exec sleep 1000') };
  const room = await rooms.start(t, 'cat', { services });
  const one = room.services.get('one')!;
  t.true(one.kill('SIGUSR1'));
  t.like(await one.exited, { reason: 'signaled', signal: 'SIGUSR1' });
  t.false(one.kill());
});

test('with a terminal', async (t) => {
  const services = { web: shell(listener(4004), { ready: { port: 4004 } }) };
  const { stdout, outcome } = await rooms.anchor.run(
    rooms.shell('nc 127.0.0.1 4004 </dev/null; tty', {
      services,
      stdio: { pty: { columns: 80, rows: 24 } },
    }),
  );
  t.regex(stdout, /hello\r\n\/dev\/pts\/0/);
  t.is(outcome.exitCode, 0);
});

test('rooms of a pool wait with services that are ready', async (t) => {
  const services = { web: shell(listener(4005), { ready: { port: 4005 } }) };
  await using pool = rooms.anchor.pool({ plank: rooms.plank, services }, { size: 1 });
  await pool.ready();
  t.like(pool.counters, { waiting: 1, failed: 0 });
  const room = await pool.take({ command: ['nc', '127.0.0.1', '4005'], stdio: ['ignore', 'pipe', 'pipe'] });
  t.is((await text(room.stdout!)).trim(), 'hello');
  t.is((await room.exited).services.length, 1);
  t.is(pool.counters.hits, 1);
});

test('a pool that is closed does not wait for services', async (t) => {
  const services = { web: shell('exec sleep 1000', { ready: { port: 4006, timeout: '1d' } }) };
  const pool = rooms.anchor.pool({ plank: rooms.plank, services }, { size: 1 });
  const ready = pool.ready();
  setTimeout(() => void pool.close(), 100);
  await ready;
  t.is(pool.counters.waiting, 0);
});

/** stdout of the process with these words, opened as somebody outside the room. */
function hold(...words: string[]): number {
  const commandLine = words.map((word) => `${word}\0`).join('');
  const pid = readdirSync('/proc').find((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8') === commandLine;
    } catch {
      return false;
    }
  });
  return openSync(`/proc/${pid}/fd/1`, 'w');
}

/** Descriptors of this process that are of the same pipe. */
function endsOf(fd: number): number {
  const pipe = readlinkSync(`/proc/self/fd/${fd}`);
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === pipe;
    } catch {
      return false;
    }
  }).length;
}

test('a pipe that somebody outside holds is not read on when the room was for nothing', async (t) => {
  const one = { command: ['sleep', '4008'] };
  const pool = rooms.anchor.pool({ plank: rooms.plank, services: { one } }, { size: 1 });
  await pool.ready();
  const held = hold('sleep', '4008');
  t.teardown(() => closeSync(held));
  t.is(endsOf(held), 2, 'ours, and that of the log');
  await pool.close();
  while (endsOf(held) > 1) await sleep(5);

  const two = { command: ['sleep', '4009'] };
  const another = rooms.anchor.pool({ plank: rooms.plank, services: { two } }, { size: 1 });
  await another.ready();
  const taken = hold('sleep', '4009');
  t.teardown(() => closeSync(taken));
  await t.throwsAsync(another.take({ command: ['no-such-program'] }), { code: 'ERR_ROOM_COMMAND_NOT_FOUND' });
  await another.close();
  while (endsOf(taken) > 1) await sleep(5);
  t.pass();
});
