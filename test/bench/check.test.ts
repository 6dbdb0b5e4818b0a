import test from 'ava';
import { compareCalls, usualCalls } from '../../bench/check/calls.js';
import { compareRatios, ratiosOf } from '../../bench/check/ratios.js';
import { quickestRoom, renderSteps } from '../../bench/check/timeline.js';
import { readTrace, roomMark } from '../../bench/check/trace.js';

const mark = `10 write(17</dev/null>, "${roomMark}", 17) = 17`;

/** Two rooms: a launcher and a thread it made, room-init and the program it starts, a thread of Node. */
const trace = `10 execve("/usr/bin/node", ["node"], 0x7ff /* 3 vars */) = 0
10 clone3({flags=CLONE_VM|CLONE_THREAD}, 88 <unfinished ...>
11 prctl(PR_SET_NAME, "anchor-launch") = 0
10 <... clone3 resumed> => {parent_tid=[11]}, 88) = 11
11 clone3({flags=CLONE_VM|CLONE_THREAD} => {parent_tid=[12]}, 88) = 12
10 clone3({flags=CLONE_VM|CLONE_THREAD} => {parent_tid=[13]}, 88) = 13
10 openat(AT_FDCWD, "before", O_RDONLY) = 3
${mark}
12 openat(AT_FDCWD, "plank", O_PATH <unfinished ...>
13 statx(AT_FDCWD, "plank", 0) = 0
12 <... openat resumed>) = 5
12 futex(0x1, FUTEX_WAIT, 1) = 0
11 clone3({flags=CLONE_VM|CLONE_VFORK}, 88) = 20
20 prctl(PR_SET_NAME, "room-init" <unfinished ...>
20 openat(5, "proc", O_PATH) = 3
21 setsid() = 2
21 execve("/bin/tiny", ["/bin/tiny"], 0x1 /* 0 vars */) = 0
13 write(9<anon_inode:[eventfd]>, "\\1", 8) = 8
21 write(1<pipe:[7]>, ".", 1) = 1
21 +++ exited with 0 +++
${mark}
11 openat(AT_FDCWD, "plank", O_PATH) = 5
11 close(5</plank>) = 0
${mark}
10 close(3) = 0
`;

const plain = (rooms: ReturnType<typeof readTrace>) =>
  rooms.map((room) =>
    Object.fromEntries([...room].map(([role, calls]) => [role, Object.fromEntries(calls)])),
  );

test('counts by role what is between two marks, without what races decide', (t) => {
  t.deepEqual(plain(readTrace(trace)), [
    {
      node: { statx: 1 },
      'anchor-launch': { openat: 1, clone3: 1 },
      'room-init': { prctl: 1, openat: 1 },
      program: { setsid: 1, execve: 1, write: 1 },
    },
    { 'anchor-launch': { openat: 1, close: 1 } },
  ]);
});

test('a text without marks has no rooms', (t) => {
  t.deepEqual(readTrace('strace: cannot attach\n'), []);
});

const room = (calls: Record<string, number>) => new Map([['node', new Map(Object.entries(calls))]]);

test('takes the number that most rooms needed, the smaller one of two', (t) => {
  const rooms = [
    { read: 1, close: 2 },
    { read: 2, close: 2, open: 1 },
    { read: 2, close: 2 },
  ].map(room);
  t.deepEqual(usualCalls(rooms), { node: { close: 2, read: 2 } });
  t.deepEqual(usualCalls([{ read: 2 }, { read: 1 }].map(room)), { node: { read: 1 } });
  t.deepEqual(usualCalls([]), {});
});

test('more calls of a role than the margin are a loss, fewer are none', (t) => {
  const baseline = { node: { read: 5 }, janitor: { close: 2 } };
  const verdicts = (now: Record<string, Record<string, number>>) =>
    compareCalls(now, baseline).map(({ role, lost, changes }) => [role, lost, ...changes]);
  t.deepEqual(verdicts(baseline), [
    ['node', false],
    ['janitor', false],
  ]);
  t.deepEqual(verdicts({ node: { read: 6, openat: 1 }, janitor: {} }), [
    ['node', false, 'openat +1', 'read +1'],
    ['janitor', false, 'close −2'],
  ]);
  t.deepEqual(verdicts({ ...baseline, node: { read: 8 } })[0], ['node', true, 'read +3']);
  t.deepEqual(verdicts({ ...baseline, watch: { openat: 3 } })[2], ['watch', true, 'openat +3']);
});

test('a ratio is lost when even its lower end is beyond the tolerance', (t) => {
  const ratio = (value: number, spread: number) => ({ value, low: value - spread, high: value + spread });
  const baseline = { 'room / floor-scratch': ratio(1, 0.1) };
  const lost = (now: Record<string, ReturnType<typeof ratio>>) =>
    compareRatios(now, baseline).map((verdict) => verdict.lost);
  t.deepEqual(lost({ 'room / floor-scratch': ratio(1.14, 0.01) }), [false]);
  t.deepEqual(lost({ 'room / floor-scratch': ratio(1.3, 0.2) }), [false]);
  t.deepEqual(lost({ 'room / floor-scratch': ratio(1.3, 0.1) }), [true]);
  t.deepEqual(lost({ 'pool / floor-warm': ratio(9, 0) }), [false], 'there is nothing to compare with');
});

test('ratios are made of the lanes that there are', (t) => {
  const lane = (name: string, first: number) => {
    return {
      name,
      version: '',
      differs: '',
      note: '',
      failure: undefined,
      samples: [{ first, exit: first }],
    };
  };
  const lanes = [lane('room', 300), lane('floor-scratch', 600), { ...lane('pool', 1), samples: [] }];
  t.deepEqual(ratiosOf({ lanes }), { 'room / floor-scratch': { value: 0.5, low: 0.5, high: 0.5 } });
});

/** Three marks, two rooms; the second is quicker. Thread 11 prepares, 12 is a room-init that is made for later. */
const timed = [
  '10 100.000000 execve("/usr/bin/node", ["node"], 0x1) = 0',
  '11 100.000001 prctl(PR_SET_NAME, "anchor-prepare") = 0',
  `10 100.001000 write(17</dev/null>, "${roomMark}", 17) = 17`,
  '10 100.900000 openat(AT_FDCWD, "slow", O_RDONLY) = 3',
  '13 100.950000 write(1<pipe:[7]>, ".", 1) = 1',
  `10 101.000000 write(17</dev/null>, "${roomMark}", 17) = 17`,
  '10 101.000100 sendmsg(20, {}, 0) = 8',
  '11 101.000110 openat(AT_FDCWD, "for later", O_RDONLY) = 3',
  '12 101.000120 prctl(PR_SET_NAME, "room-init") = 0',
  '10 101.000130 futex(0x1, FUTEX_WAKE, 1 <unfinished ...>',
  '10 101.000140 <... futex resumed>) = 0',
  '10 101.000150 close(3</dev/null>) = 0',
  '10 101.000160 close(4) = 0',
  '13 101.000165 write(1<pipe:[8]>, ".", 1) = 1',
  '10 101.000170 read(5, <unfinished ...>',
  `10 101.000200 write(17</dev/null>, "${roomMark}", 17) = 17`,
].join('\n');

test('a timeline has the calls of the quickest room, without noise and what is made for the next one', (t) => {
  const text = renderSteps(quickestRoom(timed));
  t.deepEqual(
    text.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' ')),
    [
      '100 node sendmsg(20, {}, 0) = 8',
      '150 node close(3</dev/null>) = 0 (2 of these)',
      '165 node write(1<pipe:[8]>, ".", 1) = 1',
      '170 node read(5, …',
    ],
  );
  t.deepEqual(quickestRoom(''), []);
});
