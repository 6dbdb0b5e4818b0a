import test from 'ava';
import { parseSoakOptions } from './options.js';

const chance = (): number => 0.5;

test('twenty thousand rooms, unless it is said how many or how long', (t) => {
  t.like(parseSoakOptions([], chance), { rooms: 20_000, seconds: Infinity, seed: 2 ** 31, form: 'text' });
  t.like(parseSoakOptions(['--seconds', '120', '--tap'], chance), {
    rooms: Infinity,
    seconds: 120,
    form: 'tap',
  });
  t.like(parseSoakOptions(['--rooms', '5', '--seed', '0', '--json'], chance), {
    rooms: 5,
    seed: 0,
    form: 'json',
  });
});

test('what makes no sense is refused', (t) => {
  for (const words of [
    ['--rooms', '0'],
    ['--rooms', 'many'],
    ['--seconds', '1.5'],
    ['--seed', '4294967296'],
    ['--json', '--tap'],
    ['--fast'],
    ['word'],
  ])
    t.throws(() => parseSoakOptions(words, chance));
});
