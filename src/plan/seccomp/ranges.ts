import { numberWord } from './decision.js';
import type { Decision, Decisions } from './decision.js';

/** Syscalls in a row that share a decision. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly decision: Decision;
  /** How much a test on the way here costs. */
  readonly weight: number;
}

/**
 * What one more instruction costs, in steps of the filter: loading a program takes 0.4 µs for each instruction (JIT), and
 * 1.4 ns for each step, because the kernel tries every syscall number to learn which ones are always allowed.
 */
const instructionCost = 290;

/** As many single numbers can be picked out of an interval one by one, instead of cutting it in two. */
const mostPicked = 8;

/**
 * The cheapest tree of comparisons that tells the ranges apart. Inner nodes cut an interval in two; where an interval is
 * one range with single numbers in it, comparing with each of these needs half the instructions.
 * Optimal by dynamic programming; cubic in the number of ranges, which is around 100 and at most 471.
 */
export function rangeTree(ranges: readonly Range[], decisions: Decisions): Decision {
  const count = ranges.length;
  const cost = new Float64Array(count * count);
  const cut = new Int16Array(count * count);
  const sums = [0];
  for (const { weight } of ranges) sums.push((sums.at(-1) ?? 0) + weight);

  for (let size = 2; size <= count; size++) {
    for (let from = 0; from + size <= count; from++) {
      const to = from + size - 1;
      const whole = instructionCost + (sums[to + 1] ?? 0) - (sums[from] ?? 0);
      let best = pickOut(ranges, from, to)?.cost ?? Infinity;
      let at = 0;
      for (let middle = from + 1; middle <= to; middle++) {
        const sum = (cost[from * count + middle - 1] ?? 0) + (cost[middle * count + to] ?? 0) + whole;
        if (sum < best) {
          best = sum;
          at = middle;
        }
      }
      cost[from * count + to] = best;
      cut[from * count + to] = at;
    }
  }

  const build = (from: number, to: number): Decision => {
    const only = ranges[from];
    if (only === undefined) throw new RangeError('no ranges');
    if (from === to) return only.decision;
    const middle = cut[from * count + to] ?? 0;
    const upper = ranges[middle];
    if (middle > 0 && upper !== undefined) {
      return decisions.test(numberWord, 'GE', upper.first, build(middle, to), build(from, middle - 1));
    }
    const picked = pickOut(ranges, from, to);
    if (picked === null) throw new RangeError('an interval that nothing tells apart');
    return picked.singles.reduceRight(
      (rest, { first, decision }) => decisions.test(numberWord, 'EQ', first, decision, rest),
      picked.background,
    );
  };
  return build(0, count - 1);
}

interface Picked {
  readonly singles: readonly Range[];
  readonly background: Decision;
  readonly cost: number;
}

/** The interval as single numbers in front of a background that all the rest shares; null where it is not that. */
function pickOut(ranges: readonly Range[], from: number, to: number): Picked | null {
  // Neighbours differ, so of more ranges than that too many would have to be picked.
  if (to - from > 2 * mostPicked) return null;
  const interval = ranges.slice(from, to + 1);
  const background = (interval.find(({ first, last }) => first !== last) ?? interval[0])?.decision;
  if (background === undefined) return null;
  const singles = interval.filter(({ decision }) => decision !== background);
  if (singles.length > mostPicked || singles.some(({ first, last }) => first !== last)) return null;
  singles.sort((a, b) => b.weight - a.weight);
  let steps =
    interval.reduce((sum, { weight, decision }) => sum + (decision === background ? weight : 0), 0) *
    singles.length;
  singles.forEach(({ weight }, index) => (steps += weight * (index + 1)));
  return { singles, background, cost: instructionCost * singles.length + steps };
}
