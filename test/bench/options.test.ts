import test from 'ava';
import { parseOptions } from '../../bench/options.js';

const parse = (...args: string[]) => parseOptions(args, () => 42);

test('has defaults: what the bars need', (t) => {
  t.deepEqual(parse(), {
    ...{ questions: ['latency', 'throughput', 'scale', 'independence', 'teardown'], rounds: 300, warmup: 20 },
    ...{ only: [], fifo: false, json: undefined, from: undefined, compare: undefined, plots: undefined },
    ...{ seed: 42, help: false },
  });
});

test('a quick run has fewer rounds, unless it is told how many', (t) => {
  t.like(parse('--quick'), { rounds: 30, warmup: 5 });
  t.like(parse('--quick', '--rounds', '7'), { rounds: 7, warmup: 5 });
});

test('chooses questions', (t) => {
  t.deepEqual(parse('--question', 'latency,churn').questions, ['latency', 'churn']);
  t.deepEqual(parse('--scale').questions, ['scale', 'churn']);
  t.true(parse('--all').questions.length > parse().questions.length);
  t.throws(() => parse('--question', 'beauty'), { instanceOf: RangeError, message: /beauty/ });
});

test('--only takes names with commas and may be repeated', (t) => {
  t.deepEqual(parse('--only', 'room,bwrap', '--only', 'crun').only, ['room', 'bwrap', 'crun']);
});

test('a seed repeats an order', (t) => {
  t.is(parse('--seed', '7').seed, 7);
});

for (const args of [['--rounds', '0'], ['--rounds', '0x10'], ['--warmup=-1'], ['--seed', '1.5']]) {
  test(`refuses ${args.join(' ')}`, (t) => {
    t.throws(() => parse(...args), { instanceOf: RangeError });
  });
}

test('refuses what it does not know', (t) => {
  t.throws(() => parse('--fast'), { instanceOf: TypeError });
});
