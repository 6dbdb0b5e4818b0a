import test, { type ExecutionContext } from 'ava';
import type { Room, RoomSpec } from '../../src/index.js';
import { descendantsOf, linkOf, read } from '../helpers/host-state.js';
import { until } from '../helpers/room.js';
import { readPng } from './png.js';
import { usePrograms } from './program-rooms.js';

const rooms = usePrograms(test, 'chromium');

// Its script paints a square, so that a picture of it shows that scripts ran; text needs fonts.
const page = `<body style="margin:0;background:#123456;color:#fff;font:40px sans-serif"><canvas width=40 height=40></canvas>text
<script>const c = document.querySelector('canvas').getContext('2d'); c.fillStyle = '#ff8000'; c.fillRect(0, 0, 40, 40);
document.title = 'ran ' + [1, 2, 3].map((n) => n * 2);</script>`;

const browser = 'chromium-headless-shell --no-first-run --hide-scrollbars --window-size=320,240';

/** Chromium must not run as root when its own sandbox is on; what it writes goes below HOME. */
const user: Partial<RoomSpec> = { user: 'app', env: { HOME: '/tmp' } };

/** What its own sandbox is made of. */
const sandbox: Partial<RoomSpec> = { seccomp: { allow: ['clone', 'unshare', 'chroot'] } };

async function photograph(t: ExecutionContext, flags: string, more: Partial<RoomSpec>): Promise<void> {
  const line = `cd /tmp && cat > page.html && ${browser} ${flags} --screenshot=/tmp/page.png file:///tmp/page.html >&2 && cat page.png`;
  const { stdout, stderr, outcome } = await rooms.anchor.run(rooms.shell(line, { ...user, ...more }), {
    input: page,
    encoding: 'buffer',
  });
  t.is(outcome.exitCode, 0, stderr.toString());
  const picture = readPng(stdout);
  t.deepEqual([picture.width, picture.height], [320, 240]);
  t.is(picture.pixel(319, 239), '123456', 'background');
  t.is(picture.pixel(20, 20), 'ff8000', 'what the script painted');
  const row = Array.from({ length: 100 }, (_, x) => picture.pixel(45 + x, 25));
  t.true(row.includes('ffffff'), 'text');
}

test('Chromium with the default spec and --no-sandbox makes a picture of a page', (t) =>
  photograph(t, '--no-sandbox', {}));

test('Chromium does so as root of the room', (t) => photograph(t, '--no-sandbox', { user: 'root' }));

test('Chromium does so on a sealed root with a small /tmp', (t) =>
  photograph(t, '--no-sandbox', { readOnlyRoot: true, mounts: [{ tmpfs: '16MiB', at: '/tmp' }] }));

test('Chromium with its own sandbox does so when clone, unshare and chroot are granted', (t) =>
  photograph(t, '', sandbox));

test('Chromium with its own sandbox does not start by default, and says why', async (t) => {
  const { stderr, outcome } = await rooms.anchor.run(rooms.shell(`${browser} --dump-dom about:blank`, user));
  t.not(outcome.exitCode, 0);
  t.regex(stderr, /No usable sandbox!/);
});

test('Chromium prints to PDF', async (t) => {
  const line = `cd /tmp && cat > page.html && ${browser} --no-sandbox --print-to-pdf=/tmp/page.pdf file:///tmp/page.html && head -c 5 page.pdf && tail -c 6 page.pdf`;
  const { stdout, outcome } = await rooms.anchor.run(rooms.shell(line, user), { input: page });
  t.is(outcome.exitCode, 0);
  t.is(stdout, '%PDF-%%EOF\n');
});

/** A browser that is driven from here: its protocol goes over stdin and stdout of the room. */
async function drive(t: ExecutionContext, flags: string, more: Partial<RoomSpec>): Promise<[Room, Call]> {
  // It reads from descriptor 3 and writes to 4.
  const line = `exec ${browser} ${flags} --remote-debugging-pipe 3<&0 4>&1 0</dev/null 1>&2`;
  const room = await rooms.anchor.spawn(rooms.spec(['bash', '-c', line], { ...user, ...more }));
  t.teardown(() => room.destroy());
  room.stderr?.resume();
  const waiting = new Map<number, (answer: Answer) => void>();
  let rest = '';
  room.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages.map((each) => JSON.parse(each) as Answer))
      waiting.get(message.id)?.(message);
  });
  let last = 0;
  const call: Call = (method, params = {}, sessionId) => {
    const id = ++last;
    room.stdin?.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve) => waiting.set(id, ({ result }) => resolve(result ?? {})));
  };
  return [room, call];
}

/** What is read of the results of its protocol. */
interface Result {
  readonly targetId?: string;
  readonly sessionId?: string;
  readonly result?: { readonly value?: string };
}

interface Answer {
  readonly id: number;
  readonly result?: Result;
}

type Call = (method: string, params?: object, sessionId?: string) => Promise<Result>;

/** The title of a page that the browser has opened; its script writes it. */
async function titleOf(call: Call): Promise<string> {
  const { targetId } = await call('Target.createTarget', {
    url: `data:text/html,${encodeURIComponent(page)}`,
  });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  let title = '';
  await until(async () => {
    const { result } = await call('Runtime.evaluate', { expression: 'document.title' }, sessionId);
    title = result?.value ?? '';
    return title !== '';
  });
  return title;
}

/** Processes of a room, as the host sees them. */
const pidsOf = (room: Room): number[] =>
  [...descendantsOf(room.pid).keys()].map((key) => Number.parseInt(key, 10));

/** User namespaces that they live in. */
function userNamespaces(room: Room): Set<string> {
  const names = pidsOf(room).map((pid) => linkOf(`/proc/${pid}/ns/user`));
  return new Set(names.filter((name) => name !== ''));
}

/** How many filters of system calls each of them has. */
function filters(room: Room): number[] {
  return pidsOf(room)
    .map((pid) => /^Seccomp_filters:\t(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1])
    .filter((count) => count !== undefined)
    .map(Number);
}

test('Chromium is driven over the streams of its room', async (t) => {
  const [room, call] = await drive(t, '--no-sandbox', {});
  t.is(await titleOf(call), 'ran 2,4,6');
  t.is(userNamespaces(room).size, 1);
  await call('Browser.close');
  t.is((await room.exited).exitCode, 0);
});

test('what is granted for the sandbox of Chromium is what it uses: pages live in namespaces and filters of their own', async (t) => {
  const [room, call] = await drive(t, '', sandbox);
  t.is(await titleOf(call), 'ran 2,4,6');
  t.true(userNamespaces(room).size > 1);
  t.is(Math.min(...filters(room)), 1);
  t.true(Math.max(...filters(room)) > 1);
  await call('Browser.close');
  t.is((await room.exited).exitCode, 0);
});
