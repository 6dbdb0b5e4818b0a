/** Pure arithmetic of the bench: percentiles, and ratios with an interval that says how far to trust them. */

/** The value below which `share` (0…1) of the values lie, by nearest rank; NaN for no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return fromSorted(sorted, share);
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  return { p50: fromSorted(sorted, 0.5), p95: fromSorted(sorted, 0.95), p99: fromSorted(sorted, 0.99) };
}

/** A value and the interval that holds 95 % of the values of resampled runs. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * p50 of `numerators` over p50 of `denominators`, with a bootstrap interval. The values at the same index come from the
 * same round and are drawn together: a machine that is slow for a while slows both, and that must not widen the interval.
 */
export function ratioOfMedians(
  numerators: readonly number[],
  denominators: readonly number[],
  { resamples = 1000, random = seededRandom(1) }: { resamples?: number; random?: () => number } = {},
): Interval {
  const rounds = Math.min(numerators.length, denominators.length);
  const value = percentile(numerators, 0.5) / percentile(denominators, 0.5);
  if (rounds === 0) return { value: NaN, low: NaN, high: NaN };
  const ratios = new Float64Array(resamples);
  const above = new Float64Array(rounds);
  const below = new Float64Array(rounds);
  for (let sample = 0; sample < resamples; sample++) {
    for (let index = 0; index < rounds; index++) {
      const round = Math.floor(random() * rounds);
      above[index] = numerators[round] ?? NaN;
      below[index] = denominators[round] ?? NaN;
    }
    ratios[sample] = fromSorted(above.sort(), 0.5) / fromSorted(below.sort(), 0.5);
  }
  ratios.sort();
  return { value, low: fromSorted(ratios, 0.025), high: fromSorted(ratios, 0.975) };
}

/** A percentile with a bootstrap interval. */
export function percentileInterval(
  values: readonly number[],
  share: number,
  { resamples = 1000, random = seededRandom(1) }: { resamples?: number; random?: () => number } = {},
): Interval {
  const drawn = new Float64Array(values.length);
  const found = Float64Array.from({ length: resamples }, () => {
    for (let index = 0; index < drawn.length; index++) {
      drawn[index] = values[Math.floor(random() * values.length)] ?? NaN;
    }
    return fromSorted(drawn.sort(), share);
  }).sort();
  return { value: percentile(values, share), low: fromSorted(found, 0.025), high: fromSorted(found, 0.975) };
}

/** mulberry32: the same numbers in 0…1 for the same seed, so that an order of rounds can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Fisher–Yates; leaves the input alone. */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as Item, result[last] as Item];
  }
  return result;
}

function fromSorted(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] ?? NaN;
}
