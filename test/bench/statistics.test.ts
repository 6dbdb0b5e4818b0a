import test from 'ava';
import {
  percentile,
  percentileInterval,
  percentiles,
  ratioOfMedians,
  seededRandom,
  shuffled,
} from '../../bench/statistics.js';

const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test('percentiles are values that were measured, by nearest rank', (t) => {
  t.is(percentile([5, 1, 3], 0.5), 3);
  t.is(percentile([7], 0.99), 7);
  t.deepEqual(percentiles(oneTo(101)), { p50: 51, p95: 96, p99: 100 });
});

test('no values have no percentile', (t) => {
  t.is(percentile([], 0.5), NaN);
});

test('percentile leaves its input alone', (t) => {
  const values = [3, 1, 2];
  percentile(values, 0.5);
  t.deepEqual(values, [3, 1, 2]);
});

test('a constant ratio has an interval of no width, however the rounds vary', (t) => {
  const slow = oneTo(50).map((value) => value * 100);
  const slower = slow.map((value) => value * 2);
  t.deepEqual(ratioOfMedians(slower, slow), { value: 2, low: 2, high: 2 });
});

test('the interval holds the ratio and narrows with more rounds', (t) => {
  const random = seededRandom(3);
  const noisy = (count: number, base: number) => Array.from({ length: count }, () => base * (1 + random()));
  const few = ratioOfMedians(noisy(20, 300), noisy(20, 100));
  const many = ratioOfMedians(noisy(2000, 300), noisy(2000, 100));
  for (const ratio of [few, many]) t.true(ratio.low <= ratio.value && ratio.value <= ratio.high);
  t.true(many.high - many.low < few.high - few.low);
  t.true(Math.abs(many.value - 3) < 0.3);
});

test('the interval of a percentile is made of values that were measured', (t) => {
  const values = oneTo(200);
  const { value, low, high } = percentileInterval(values, 0.99);
  t.is(value, percentile(values, 0.99));
  t.true(low < value && value < high);
  t.true(values.includes(low) && values.includes(high));
  t.deepEqual(percentileInterval([7, 7], 0.99), { value: 7, low: 7, high: 7 });
  t.deepEqual(percentileInterval([], 0.5), { value: NaN, low: NaN, high: NaN });
});

test('a ratio to nothing is not a number', (t) => {
  t.deepEqual(ratioOfMedians([], [1]), { value: NaN, low: NaN, high: NaN });
});

test('the same seed gives the same numbers, between 0 and 1', (t) => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 100 }, random);
  };
  t.deepEqual(draw(7), draw(7));
  t.notDeepEqual(draw(7), draw(8));
  t.true(draw(7).every((value) => value >= 0 && value < 1));
});

test('shuffled keeps every item and can put any of them first', (t) => {
  const random = seededRandom(1);
  const firsts = new Set<string | undefined>();
  for (let time = 0; time < 100; time++) {
    const order = shuffled(['a', 'b', 'c'], random);
    t.deepEqual([...order].sort(), ['a', 'b', 'c']);
    firsts.add(order[0]);
  }
  t.is(firsts.size, 3);
});
