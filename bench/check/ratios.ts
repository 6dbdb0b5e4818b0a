import { laneRatio } from '../drive/lane-report.js';
import type { LatencyAnswer } from '../questions/latency.js';
import type { Interval } from '../statistics.js';

/** First-byte p50 of one lane over that of another, by `above / below`. Smaller is faster. */
export type RatioTable = Readonly<Record<string, Interval>>;

/** What a change of the library must not make worse. */
const pairs = [
  ['room', 'floor-scratch'],
  ['room', 'child_process'],
  ['pool', 'floor-warm'],
] as const;

export const lanesOfRatios: readonly string[] = [...new Set(pairs.flat())];

/** By how much a ratio may grow: the same commit differs by up to a tenth between two runs. */
export const tolerance = 0.15;

export function ratiosOf({ lanes }: LatencyAnswer): RatioTable {
  return Object.fromEntries(
    pairs.flatMap(([above, below]) => {
      const ratio = laneRatio(lanes, above, below);
      return ratio === undefined ? [] : [[`${above} / ${below}`, ratio]];
    }),
  );
}

export interface RatioVerdict {
  readonly pair: string;
  readonly now: Interval;
  /** undefined: nobody has written one down yet. */
  readonly baseline: Interval | undefined;
  readonly lost: boolean;
}

/** A loss is real when even the lower end of the interval is above what the baseline allows. */
export function compareRatios(now: RatioTable, baseline: RatioTable): RatioVerdict[] {
  return Object.entries(now).map(([pair, ratio]) => {
    const then = baseline[pair];
    const lost = then !== undefined && ratio.low > then.value * (1 + tolerance);
    return { pair, now: ratio, baseline: then, lost };
  });
}
