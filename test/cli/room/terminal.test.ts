import test from 'ava';
import { busyboxPlank } from '../../helpers/image.js';
import { Terminal } from '../anchor-command.js';

let plank: string;

test.before('a plank', async () => {
  plank = await busyboxPlank();
});

/** A shell that asks the terminal nothing: what it shows is what was typed and what came of it. */
const interactive = (...options: string[]) => ['run', '-it', '--env', 'PS1=> ', ...options, plank, 'sh'];

test('an interactive shell: size, resizing, Ctrl-C, exit code', async (t) => {
  const terminal = new Terminal(interactive());
  await terminal.until('> ');
  terminal.type('stty size; tty; echo $TERM\n');
  await terminal.until('30 100\r\n/dev/pts/0\r\nxterm\r\n');

  terminal.resize(132, 43);
  // The size is there when the signal is: ask until it is.
  terminal.type('until [ "$(stty size)" = "43 132" ]; do sleep 0.05; done; echo resized to $(stty size)\n');
  await terminal.until('resized to 43 132\r\n');

  // Said by the program in the foreground itself: until the shell has put it there, Ctrl-C is the shell's.
  terminal.type('sh -c "echo going; exec sleep 60"; echo not reached\n');
  await terminal.until('\ngoing\r\n');
  terminal.type('\x03');
  await terminal.until('> ');
  terminal.type('echo interrupted: $?\n');
  await terminal.until('interrupted: 130\r\n');

  terminal.type('exit 7\n');
  t.deepEqual(await terminal.ended, { code: 7, restored: true });
  t.false(terminal.shown.includes('\r\r\n'), 'bytes pass as they are');
});

test('every byte of the keyboard and of the program passes', async (t) => {
  const line = 'stty raw -echo; printf "ready\\n"; dd bs=1 count=8 2>/dev/null | od -An -tx1';
  const terminal = new Terminal(['run', '-it', plank, 'sh', '-c', line]);
  await terminal.until('ready\n');
  terminal.type('\x03\x04\x11\x13\x1a\x1c\r\n');
  await terminal.until(' 03 04 11 13 1a 1c 0d 0a\n');
  t.deepEqual(await terminal.ended, { code: 0, restored: true });
});

test('a terminal of the caller’s choice', async (t) => {
  const terminal = new Terminal(['run', '-it', '--env', 'TERM', plank, 'env'], {
    ...process.env,
    TERM: 'vt220',
  });
  await terminal.until('TERM=vt220\r\n');
  t.is((await terminal.ended).code, 0);
});

test('a signal from outside reaches the program, and the terminal is restored', async (t) => {
  const terminal = new Terminal([
    'run',
    '-it',
    plank,
    'sh',
    '-c',
    'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done',
  ]);
  await terminal.until('ready');
  terminal.signal('SIGTERM');
  t.deepEqual(await terminal.ended, { code: 9, restored: true });
});

test('the terminal is as it was when the room ends by itself', async (t) => {
  const terminal = new Terminal(interactive('--lifetime', '1s'));
  await terminal.until('> ');
  await terminal.until('anchor: the lifetime of the room, 1s, was over\r\n');
  t.deepEqual(await terminal.ended, { code: 124, restored: true });
});

test('and when there is none', async (t) => {
  const terminal = new Terminal(['run', '-it', '/no/such.sqsh', 'sh']);
  await terminal.until('there is no plank at /no/such.sqsh\r\n');
  t.deepEqual(await terminal.ended, { code: 125, restored: true });
});

test('a room does not outlive its terminal', async (t) => {
  const terminal = new Terminal(interactive());
  await terminal.until('> ');
  terminal.hangUp();
  t.is((await terminal.ended).restored, null);
});

test('without -t the program gets no terminal, and what it says is shown', async (t) => {
  const terminal = new Terminal([
    'run',
    plank,
    'sh',
    '-c',
    'test -t 1 || echo none; test -t 2 || echo none either >&2; exit 6',
  ]);
  await terminal.until('none\r\n');
  t.deepEqual(await terminal.ended, { code: 6, restored: true });
  t.regex(terminal.shown, /none either\r\n/);
});

test('-i at a terminal: lines go in, Ctrl-D is the end, Ctrl-C is passed on', async (t) => {
  const terminal = new Terminal(['run', '-i', plank, 'sh', '-c', 'cat; echo ended']);
  terminal.type('typed\n');
  await terminal.until('typed\r\ntyped\r\n');
  terminal.type('\x04');
  await terminal.until('ended\r\n');
  t.deepEqual(await terminal.ended, { code: 0, restored: true });

  const other = new Terminal(['run', '-i', plank, 'sh', '-c', 'echo ready; exec cat']);
  await other.until('ready\r\n');
  other.type('\x03');
  t.is((await other.ended).code, 130);
});

test('-t without -i shows a terminal that nobody types at', async (t) => {
  const terminal = new Terminal(['run', '-t', plank, 'sh', '-c', 'test -t 0 && stty size']);
  await terminal.until('30 100\r');
  t.deepEqual(await terminal.ended, { code: 0, restored: true });
});
