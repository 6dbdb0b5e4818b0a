import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import type { Outcome, Room, RoomError } from '../../src/index.js';
import { often, slowness, until, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

/** A line of shell on a terminal, and what the terminal has shown so far. */
class Session {
  shown = '';
  /** The command has ended, and the terminal has shown everything. */
  readonly ended: Promise<Outcome>;

  constructor(readonly room: Room) {
    room.stdout?.on('data', (chunk: Buffer) => (this.shown += chunk.toString()));
    this.ended = Promise.all([room.exited, once(room.stdout as Duplex, 'end')]).then(([outcome]) => outcome);
  }

  type(text: string): void {
    this.room.stdin?.write(text);
  }

  shows(text: string): Promise<void> {
    return until(() => this.shown.includes(text));
  }
}

async function terminal(t: ExecutionContext, line: string, size = {}): Promise<Session> {
  return new Session(await rooms.start(t, line, { stdio: { pty: size } }));
}

test('all three streams are one terminal, which controls the session', async (t) => {
  const session = await terminal(
    t,
    'for i in 0 1 2; do [ -t $i ] && echo $i; done; tty; true < /dev/tty && echo controls',
  );
  await session.ended;
  t.is(session.shown, '0\r\n1\r\n2\r\n/dev/pts/0\r\ncontrols\r\n');
  t.is<unknown, unknown>(session.room.stdin, session.room.stdout);
  t.is(session.room.stderr, null);
});

test('it has the size of the spec, or 80 by 24', async (t) => {
  const given = await terminal(t, 'stty size', { columns: 132, rows: 50 });
  const usual = await terminal(t, 'stty size');
  await Promise.all([given.ended, usual.ended]);
  t.deepEqual([given.shown, usual.shown], ['50 132\r\n', '24 80\r\n']);
});

test('resizing reaches the program as SIGWINCH', async (t) => {
  const session = await terminal(t, 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done');
  await session.shows('ready');
  session.room.pty?.resize(200, 60);
  await session.ended;
  t.regex(session.shown, /60 200/);
  t.throws(() => session.room.pty?.resize(1, 1), { code: 'ERR_ROOM_ENDED' });
});

test('sizes that are none are refused', async (t) => {
  const session = await terminal(t, 'sleep 1000');
  for (const [columns, rows] of [
    [0, 1],
    [1, 0],
    [65_536, 1],
    [1.5, 1],
    [NaN, 1],
  ] as const)
    t.throws(() => session.room.pty?.resize(columns, rows), { instanceOf: RangeError });
});

test('Ctrl-C interrupts the program', async (t) => {
  const session = await terminal(t, 'echo ready; exec sleep 1000');
  await session.shows('ready');
  session.type('\x03');
  const outcome = await session.ended;
  t.is(outcome.reason, 'signaled');
  t.is(outcome.signal, 'SIGINT');
});

test('Ctrl-\\ and Ctrl-Z do what they do on every terminal', async (t) => {
  const session = await terminal(t, 'sh -im');
  // Until the shell reads, the terminal echoes what is typed, and a Ctrl-Z throws away what nobody has read.
  await session.shows('# ');
  session.type('sleep 1000\r');
  await session.shows('sleep 1000\r\n');
  await until(() => {
    session.type('\x1a');
    return session.shown.includes('Stopped');
  });
  session.type('kill %1; exit 7\r');
  await until(() => session.room.state !== 'running' || (session.type('exit 7\r'), false));
  t.is((await session.ended).exitCode, 7);
  const quit = await terminal(t, 'echo ready; exec sleep 1000');
  await quit.shows('ready');
  quit.type('\x1c');
  t.is((await quit.ended).signal, 'SIGQUIT');
});

test('Ctrl-D at the start of a line is the end of input', async (t) => {
  const session = await terminal(t, 'stty -echo; echo ready; wc -l');
  await session.shows('ready');
  session.type('one\ntwo\n\x04');
  t.is((await session.ended).exitCode, 0);
  t.regex(session.shown, /2\r\n$/);
});

test('the exit code passes through, and the terminal ends', async (t) => {
  const session = await terminal(t, 'exit 42');
  t.is((await session.ended).exitCode, 42);
});

test('all that was shown arrives, however much it is', async (t) => {
  const session = await terminal(t, 'seq 1 20000');
  await session.ended;
  const expected = Array.from({ length: 20_000 }, (_, at) => `${at + 1}\r\n`).join('');
  t.is(session.shown.length, expected.length);
  t.true(session.shown === expected);
});

test('nothing of what a quick command shows is lost, in run() and in exec()', async (t) => {
  const room = await rooms.start(t, 'exec sleep 1000');
  const stdio = { pty: {} };
  for (let round = 0; round < often(100); round++) {
    const { stdout } = await rooms.anchor.run(rooms.spec(['echo', 'shown'], { stdio }));
    if (stdout !== 'shown\r\n') return t.fail(`run() lost it in round ${round}`);
    const process = await room.exec(['echo', 'shown'], { stdio });
    let shown = '';
    for await (const chunk of process.stdout ?? []) shown += String(chunk);
    if (shown !== 'shown\r\n') return t.fail(`exec() lost it in round ${round}`);
  }
  t.pass();
});

test('nothing is lost of what a process of exec() showed while nobody could read it', async (t) => {
  const room = await rooms.start(t, 'exec sleep 1000');
  const expected = Array.from({ length: 6000 }, (_, at) => `${at + 1}\r\n`).join('');
  for (let round = 0; round < often(20); round++) {
    const process = await room.exec(['seq', '1', '6000'], { stdio: { pty: {} } });
    // More than a terminal gives at once, and its session leader has ended before this thread gets to any of it.
    for (const end = performance.now() + 50 * slowness; performance.now() < end;);
    let shown = '';
    for await (const chunk of process.stdout ?? []) shown += String(chunk);
    if (shown !== expected) return t.fail(`${shown.length} of ${expected.length} bytes in round ${round}`);
  }
  t.pass();
});

test('what was shown can be read after the room is gone', async (t) => {
  const room = await rooms.anchor.spawn(rooms.shell('echo shown', { stdio: { pty: {} } }));
  await room.removed;
  let shown = '';
  for await (const chunk of room.stdout ?? []) shown += String(chunk);
  t.is(shown, 'shown\r\n');
});

test('a long text can be typed at once', async (t) => {
  const session = await terminal(t, 'stty raw -echo; echo ready; head -c 300000 | md5sum');
  await session.shows('ready');
  session.type('x'.repeat(300_000));
  await session.ended;
  t.regex(session.shown, /[0-9a-f]{32}/);
});

test('two rooms do not see the terminal of each other', async (t) => {
  const [first, second] = await Promise.all([
    terminal(t, 'ls /dev/pts; sleep 1000'),
    terminal(t, 'ls /dev/pts; sleep 1000'),
  ]);
  await Promise.all([first.shows('ptmx'), second.shows('ptmx')]);
  t.regex(first.shown, /^0\s+ptmx\s*$/);
  t.regex(second.shown, /^0\s+ptmx\s*$/);
});

test('keys cannot be pushed into it, neither by number nor by a wider one', async (t) => {
  const session = await terminal(t, "attempt 'ioctl(TIOCSTI)' 'ioctl(TIOCSTI+2^32)' 'ioctl(TIOCLINUX)'");
  await session.ended;
  t.deepEqual(session.shown.match(/ (0|E\w+)\r\n/g), [' EPERM\r\n', ' EPERM\r\n', ' EPERM\r\n']);
});

test('run() has all that the terminal showed', async (t) => {
  const { stdout, stderr, outcome } = await rooms.anchor.run(
    rooms.shell('echo out; echo err >&2', { stdio: { pty: {} } }),
  );
  t.is(stdout, 'out\r\nerr\r\n');
  t.is(stderr, '');
  t.is(outcome.exitCode, 0);
});

test('a user without rights can use it', async (t) => {
  const { stdout } = await rooms.anchor.run(
    rooms.shell('true < /dev/tty && true > /dev/pts/0 && tty', { stdio: { pty: {} }, user: 'app' }),
  );
  t.is(stdout, '/dev/pts/0\r\n');
});

test('a room without a terminal has none', async (t) => {
  const room = await rooms.start(t, 'sleep 1000');
  t.is(room.pty, null);
  const error = await t.throwsAsync(
    rooms.anchor.spawn(rooms.shell('true', { stdio: { pty: { columns: 0 } } })),
  );
  t.is((error as RoomError & { field: string }).field, 'stdio.pty.columns');
});
