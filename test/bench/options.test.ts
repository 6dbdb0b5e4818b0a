import test from 'ava';
import { parseOptions } from '../../bench/options.js';

const parse = (...args: string[]) => parseOptions(args, () => 42);

test('has defaults', (t) => {
  t.deepEqual(parse(), {
    ...{ rounds: 300, warmup: 20, only: [], json: undefined, compare: undefined, seed: 42, help: false },
  });
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
