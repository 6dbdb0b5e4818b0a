import { type RunReport, laneRatio, measuredLane, valuesOf } from './run-report.js';
import { type Ratio, percentile } from './statistics.js';

/** What a bar of the design says about one run. */
export interface Verdict {
  readonly what: string;
  readonly bar: string;
  readonly measured: string;
  readonly met: boolean;
  /** The interval of the ratio reaches over the bar: another run may say otherwise. */
  readonly close: boolean;
}

interface RatioBar {
  readonly what: string;
  /** First-byte p50 of `above` over that of `below`. */
  readonly above: string;
  readonly below: string;
  readonly limit: number;
  readonly direction: 'at most' | 'at least';
}

const ratioBars: readonly RatioBar[] = [
  {
    what: 'room against the C floor from scratch',
    above: 'room',
    below: 'floor-scratch',
    limit: 0.9,
    direction: 'at most',
  },
  { what: 'bwrap from Node against room', above: 'bwrap', below: 'room', limit: 6, direction: 'at least' },
  {
    what: 'child_process without sandbox against room',
    above: 'child_process',
    below: 'room',
    limit: 2,
    direction: 'at least',
  },
];

/** A blocked event loop is a cost of its own: p99 of the synchronous part of `spawn()`, in microseconds. */
const callLimit = 100;

/** Every bar that the lanes of this run can judge. */
export function judgeBars(run: RunReport): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const bar of ratioBars) {
    const ratio = laneRatio(run, bar.above, bar.below, 'first');
    if (ratio !== undefined) verdicts.push(judgeRatio(bar, ratio));
  }
  const room = measuredLane(run, 'room');
  if (room !== undefined) {
    const p99 = percentile(valuesOf(room, 'call'), 0.99);
    verdicts.push({
      what: 'synchronous part of spawn(), p99',
      bar: `< ${callLimit} µs`,
      measured: `${p99.toFixed(0)} µs`,
      met: p99 < callLimit,
      close: false,
    });
  }
  return verdicts;
}

function judgeRatio({ what, limit, direction }: RatioBar, ratio: Ratio): Verdict {
  return {
    what,
    bar: `${direction === 'at most' ? '≤' : '≥'} ${limit} ×`,
    measured: `${ratio.value.toFixed(2)} × [${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}]`,
    met: direction === 'at most' ? ratio.value <= limit : ratio.value >= limit,
    close: ratio.low < limit && limit < ratio.high,
  };
}
