import test from 'ava';
import { didYouMean, nearest } from '../../src/cli/nearest.js';

const words = ['run', 'plank', 'doctor', 'bench', 'memory', 'cpus', 'cpu-weight', 'read-only-root'];

const typos: [string, string | null][] = [
  ['rnu', 'run'],
  ['ru', 'run'],
  ['palnk', 'plank'],
  ['docter', 'doctor'],
  ['memroy', 'memory'],
  ['MEMORY', 'memory'],
  ['cpu', 'cpus'],
  ['cpu-wieght', 'cpu-weight'],
  ['readonly-root', 'read-only-root'],
  ['exec', null],
  ['frobnicate', null],
  ['', null],
];

for (const [word, meant] of typos) {
  test(`${JSON.stringify(word)} → ${String(meant)}`, (t) => {
    t.is(nearest(word, words), meant);
  });
}

test('in words', (t) => {
  t.is(didYouMean('memroy', words, '--'), ' (did you mean --memory?)');
  t.is(didYouMean('frobnicate', words), '');
});
