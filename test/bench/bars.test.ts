import test from 'ava';
import { judgeBars } from '../../bench/bars.js';
import type { LaneReport } from '../../bench/drive/lane-report.js';
import type { Looked } from '../../bench/lanes/live.js';
import type { Answers } from '../../bench/questions/index.js';
import type { Window } from '../../bench/questions/throughput.js';

function lane(name: string, ...firsts: number[]): LaneReport {
  const samples = firsts.map((first) => ({ first, exit: first * 1.2, call: first / 10 }));
  return { name, version: '1', differs: '', note: '', failure: undefined, samples };
}

function verdict(answers: Partial<Answers>, what: string | RegExp) {
  const verdicts = judgeBars(answers).filter((row) => row.what.match(what) !== null);
  if (verdicts.length !== 1) throw new Error(`${verdicts.length} bars match ${what}`);
  return verdicts[0];
}

function latency(...lanes: LaneReport[]): Partial<Answers> {
  return { latency: { lanes } };
}

const usual = latency(
  ...[lane('room', 400), lane('pool', 150), lane('child_process', 900), lane('bwrap', 2000)],
  ...[lane('floor-scratch', 1000), lane('floor-warm', 50)],
);

test('has all rows of the design, whatever was measured', (t) => {
  const rows = judgeBars({});
  t.is(rows.length, 22);
  t.true(rows.every(({ measured, met }) => measured === undefined && !met));
  t.is(judgeBars(usual).length, rows.length);
});

test('a put is judged against the hash limit, and against the disk where that is slower', (t) => {
  const lanes = (disk: number) =>
    Object.entries({ 'hash limit': 1, 'disk limit': disk, 'anchor vault put': 2 }).map(([name, seconds]) => ({
      ...{ name, differs: '', sparse: null },
      turns: [1, 2, 3].map(() => ({ seconds, cached: 0 })),
    }));
  for (const [disk, against] of [
    [1.9, '0.95 ×'],
    [0.5, '0.50 ×'],
  ] as const) {
    const answers = { copy: { size: 1, lanes: lanes(disk) } };
    t.regex(verdict(answers, 'put of a large file')?.measured ?? '', /^0\.50 ×/);
    t.true(verdict(answers, 'slower of hash and disk')?.measured?.startsWith(against));
  }
});

test('judges each latency bar in its direction', (t) => {
  const met = { met: true, close: false };
  t.like(verdict(usual, 'floor “scratch”'), { ...met, bar: '≤ 0.9 ×', measured: '0.40 × [0.40–0.40]' });
  t.like(verdict(usual, /^faster than bwrap/), { met: false, bar: '≥ 6 ×', measured: '5.00 × [5.00–5.00]' });
  t.like(verdict(usual, 'child_process without'), met);
  t.like(verdict(usual, 'pool, faster'), { met: false, measured: '13.33 × [13.33–13.33]' });
  t.like(verdict(usual, 'floor “warm”'), { met: false, measured: '3.00 × [3.00–3.00]' });
  t.like(verdict(usual, 'synchronous'), { ...met, bar: '< 100 µs', measured: '40 µs [40–40]' });
});

test('a lane that has not measured judges nothing', (t) => {
  const answers = latency(lane('room', 400), { ...lane('bwrap'), failure: 'not installed' });
  t.is(verdict(answers, /^faster than bwrap/)?.measured, undefined);
});

test('says when the interval reaches over the bar', (t) => {
  const values = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 500 : 1500));
  const floor = Array.from({ length: 40 }, () => 1000);
  t.true(verdict(latency(lane('room', ...values), lane('floor-scratch', ...floor)), 'scratch')?.close);
});

test('burdened lanes are compared with the plain one of their own question', (t) => {
  const lanes = [
    lane('room', 400),
    lane('room, 2 GB', 450),
    lane('room, 1,000 mounts', 440),
    lane('child_process, 2 GB', 9000),
  ];
  const answers = { ...latency(lane('room', 1)), independence: { lanes } };
  t.like(verdict(answers, 'room with 2 GB'), { met: true, measured: '1.13 × [1.13–1.13]' });
  t.like(verdict(answers, 'room with 1,000 mounts'), { met: false });
  t.like(verdict(answers, 'both at 2 GB'), { met: false, measured: '20.00 × [20.00–20.00]' });
});

const loop = { p50: 1, p99: 1, most: 1, block: 1 };
const first = { p50: 1, p95: 1, p99: 1 };
const window = (inFlight: 8 | 64 | 256, rooms: number, delay = 1): Window => {
  return { inFlight, rooms, milliseconds: 1000, first, loop: { ...loop, p99: delay } };
};

test('throughput is judged for each number in flight, the event loop at 64', (t) => {
  const answers: Partial<Answers> = {
    throughput: {
      lanes: [
        {
          name: 'room',
          failure: undefined,
          samples: [window(8, 900), window(64, 1000, 12), window(64, 1400, 8)],
        },
        { name: 'bwrap', failure: undefined, samples: [window(8, 300), window(64, 300), window(64, 300)] },
      ],
    },
  };
  t.like(verdict(answers, ' 8 in flight'), { met: false, measured: '3.00 × [3.00–3.00]' });
  t.like(verdict(answers, 'bwrap, 64 in flight'), { met: true });
  t.is(verdict(answers, '256 in flight')?.measured, undefined);
  t.like(verdict(answers, 'delay p99'), { met: false, measured: '12.00 ms [8.00–12.00]' });
});

function look(live: number, slab: number): Looked {
  const kernel = { Slab: slab, KernelStack: 0, PageTables: 0, Percpu: 0, AnonPages: 1e9 };
  return { live, kernel, resident: 0, fds: 20 };
}

test('scale: the last level against the first, memory of the kernel, and all ends', (t) => {
  const answers: Partial<Answers> = {
    scale: {
      levels: [
        { live: 0, first: [100] },
        { live: 1000, first: [115] },
      ],
      looks: [{ empty: look(0, 5e6), full: look(1000, 5e6 + 300 * 2 ** 20) }],
      destroyed: [{ rooms: 1000, exited: 400, removed: 700 }],
    },
  };
  t.like(verdict(answers, '1,000 live rooms'), { met: true, measured: '1.15 × [1.15–1.15]' });
  t.like(verdict(answers, 'kernel memory'), { met: true, measured: '0.30 MB [0.30–0.30]' });
  t.like(verdict(answers, 'destroyed at once'), { met: true, measured: '400 ms [400–400]' });
});

test('the exit event is judged for both ways to end a room', (t) => {
  const end = (how: 'kill' | 'destroy', files: number, exited: number) => {
    return { how, files, samples: [{ exited, removed: 9e9 }] };
  };
  const answers: Partial<Answers> = {
    teardown: {
      ends: [end('kill', 0, 100), end('kill', 5000, 250), end('destroy', 0, 100), end('destroy', 5000, 350)],
    },
  };
  t.true(verdict(answers, 'after kill')?.met);
  t.false(verdict(answers, 'after destroy')?.met);
});
