import test from 'ava';
import { Pace } from './pace.js';

const timings = (...phases: number[]): Parameters<Pace['learn']>[0] => ({
  total: 0,
  phases: Object.fromEntries(phases.map((phase, at) => [`phase ${at}`, phase])),
});

test('a short phase has as great a part of the way as a long one', (t) => {
  const pace = new Pace();
  pace.learn(timings(100, 10_000));
  t.deepEqual(
    [0, 250, 500, 750, 1000].map((share) => pace.part(5, share)),
    [0, 50, 100, 5100, 10_100],
  );
});

test('only the last rooms count, and there is a guess before the first', (t) => {
  const pace = new Pace();
  t.true(pace.part(0, 500) > 0);
  for (let room = 0; room < 33; room++) pace.learn(timings(room));
  t.is(pace.part(0, 1000), 32);
  t.is(pace.part(1, 1000), 1);
});
