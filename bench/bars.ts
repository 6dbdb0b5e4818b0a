import { type LaneReport, laneRatio, measuredLane, valuesOf } from './drive/lane-report.js';
import { limitRatio, mostCached, speedRatio } from './questions/copy.js';
import { type Burden, laneName } from './questions/independence.js';
import type { Answers } from './questions/index.js';
import { kernelPerRoom, liveRatio } from './questions/scale.js';
import { filesRatio } from './questions/teardown.js';
import { type Level, levels, rateRatio, windowsAt } from './questions/throughput.js';
import { type Interval, percentile, percentileInterval } from './statistics.js';

/** What a bar of the design says about one run. */
export interface Verdict {
  readonly what: string;
  readonly bar: string;
  /** undefined: nothing that could be judged was measured. */
  readonly measured: string | undefined;
  readonly met: boolean;
  /** The interval reaches over the bar: another run may say otherwise. */
  readonly close: boolean;
}

type Measured = Interval | undefined;

interface Bar {
  readonly what: string;
  readonly limit: number;
  readonly is: 'at most' | 'at least' | 'below';
  readonly unit: '×' | 'µs' | 'ms' | 'MB';
  measure(answers: Partial<Answers>): Measured;
}

const latencyRatio = (above: string, below: string) => (answers: Partial<Answers>) =>
  laneRatio(answers.latency?.lanes ?? [], above, below);

const burdened = (above: string, below: string) => (answers: Partial<Answers>) =>
  laneRatio(answers.independence?.lanes ?? [], above, below);

/** The rows of the table “Performance bars” of the design, in its order. */
const bars: readonly Bar[] = [
  atMost('room against the C floor “scratch”', 0.9, latencyRatio('room', 'floor-scratch')),
  atLeast('faster than bwrap from Node', 6, latencyRatio('bwrap', 'room')),
  atLeast('faster than child_process without sandbox', 2, latencyRatio('child_process', 'room')),
  atLeast('the same, both at 2 GB RSS', 40, burdened('child_process, 2 GB', 'room, 2 GB')),
  atLeast('warm pool, faster than bwrap', 20, latencyRatio('bwrap', 'pool')),
  atMost('warm pool against the C floor “warm”', 2, latencyRatio('pool', 'floor-warm')),
  {
    ...{ what: 'synchronous part of spawn(), p99', limit: 100, is: 'below', unit: 'µs' },
    measure: ({ latency }) => callP99(measuredLane(latency?.lanes ?? [], 'room')),
  },
  {
    ...{ what: 'event loop delay p99, 64 in flight', limit: 10, is: 'below', unit: 'ms' },
    measure: ({ throughput }) => {
      const room = throughput?.lanes.find(({ name }) => name === 'room');
      return spread(windowsAt(room, 64).map(({ loop }) => loop.p99));
    },
  },
  ...levels.map((level: Level) =>
    atLeast(`throughput against bwrap, ${level} in flight`, 4, ({ throughput }) =>
      throughput === undefined ? undefined : rateRatio(throughput, 'room', 'bwrap', level),
    ),
  ),
  independent('2 GB', 1.15),
  independent('5,000 fds', 1.15),
  independent('1,000 mounts', 1.05),
  atMost('p50 with 1,000 live rooms against none', 1.2, ({ scale }) =>
    scale === undefined ? undefined : liveRatio(scale, 1000),
  ),
  {
    ...{ what: 'kernel memory per idle room', limit: 0.5, is: 'at most', unit: 'MB' },
    measure: ({ scale }) =>
      scale === undefined ? undefined : spread(kernelPerRoom(scale).map((bytes) => bytes / 2 ** 20)),
  },
  ...(['kill', 'destroy'] as const).map((how) =>
    atMost(`exit event after ${how}, 5,000 files against none`, 3, ({ teardown }) =>
      teardown === undefined ? undefined : filesRatio(teardown, how),
    ),
  ),
  atLeast('anchor vault put of a large file against the hash limit', 0.9, ({ copy }) =>
    copy === undefined ? undefined : speedRatio(copy, 'anchor vault put', 'hash limit'),
  ),
  // Not of the design: says what the row above cannot where the disk is the slower one (decision 015).
  atLeast('the same against the slower of hash and disk limit', 0.9, ({ copy }) =>
    copy === undefined ? undefined : limitRatio(copy),
  ),
  {
    ...{ what: 'page cache that it leaves', limit: 64, is: 'below', unit: 'MB' },
    measure: ({ copy }) =>
      spread(
        (copy === undefined ? [] : mostCached(copy, 'anchor vault put')).map((bytes) => bytes / 2 ** 20),
      ),
  },
  {
    ...{ what: '1,000 rooms destroyed at once: all exit events', limit: 500, is: 'below', unit: 'ms' },
    measure: ({ scale }) => spread(scale?.destroyed.map(({ exited }) => exited) ?? []),
  },
];

/** Every bar, judged or not. */
export function judgeBars(answers: Partial<Answers>): Verdict[] {
  return bars.map((bar) => judge(bar, bar.measure(answers)));
}

function judge({ what, limit, is, unit }: Bar, measured: Measured): Verdict {
  const bar = `${{ 'at most': '≤', 'at least': '≥', below: '<' }[is]} ${limit} ${unit}`;
  if (measured === undefined) return { what, bar, measured: undefined, met: false, close: false };
  const { value, low, high } = measured;
  const text = (number: number) => number.toFixed(unit === 'µs' || number >= 100 ? 0 : 2);
  return {
    what,
    bar,
    measured: `${text(value)} ${unit} [${text(low)}–${text(high)}]`,
    met: is === 'at least' ? value >= limit : is === 'below' ? value < limit : value <= limit,
    close: low < limit && limit < high,
  };
}

function atMost(what: string, limit: number, measure: Bar['measure']): Bar {
  return { what, limit, is: 'at most', unit: '×', measure };
}

function atLeast(what: string, limit: number, measure: Bar['measure']): Bar {
  return { what, limit, is: 'at least', unit: '×', measure };
}

function independent(burden: Burden, limit: number): Bar {
  return atMost(`room with ${burden} against plain`, limit, burdened(laneName('room', burden), 'room'));
}

function callP99(lane: LaneReport | undefined): Measured {
  return lane === undefined ? undefined : percentileInterval(valuesOf(lane, 'call'), 0.99);
}

/** Median of a few values, and all of them as its interval. */
function spread(values: readonly number[]): Measured {
  if (values.length === 0) return undefined;
  return { value: percentile(values, 0.5), low: Math.min(...values), high: Math.max(...values) };
}
