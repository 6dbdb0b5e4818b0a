import test from 'ava';
import { runRounds } from '../../bench/drive/rounds.js';
import type { Sample } from '../../bench/lanes/protocol.js';
import { seededRandom } from '../../bench/statistics.js';

const sample: Sample = { first: 1, exit: 2 };
const options = { rounds: 20, warmup: 2, random: seededRandom(1), signal: new AbortController().signal };

function recorder(
  log: string[],
  name: string,
  measure: () => Promise<Sample> = () => Promise.resolve(sample),
) {
  return {
    name,
    measure: () => {
      log.push(name);
      return measure();
    },
  };
}

test('asks every lane once per round, in changing order, and does not count the warm-up', async (t) => {
  const log: string[] = [];
  const { samples, failures } = await runRounds([recorder(log, 'a'), recorder(log, 'b')], options);
  t.is(samples.get('a')?.length, 20);
  t.is(samples.get('b')?.length, 20);
  t.is(failures.size, 0);
  const rounds = Array.from({ length: 22 }, (_, round) => log.slice(round * 2, round * 2 + 2).join(''));
  t.deepEqual([...new Set(rounds)].sort(), ['ab', 'ba']);
});

test('a lane that fails stops, keeps its samples and does not stop the others', async (t) => {
  let times = 0;
  const failing = recorder([], 'a', () =>
    ++times > 5 ? Promise.reject(new Error('out of luck')) : Promise.resolve(sample),
  );
  const { samples, failures } = await runRounds([failing, recorder([], 'b')], options);
  t.is(times, 6);
  t.is(samples.get('a')?.length, 3);
  t.is(samples.get('b')?.length, 20);
  t.is(failures.get('a'), 'out of luck');
});

test('stops when aborted', async (t) => {
  const abort = new AbortController();
  const log: string[] = [];
  const lane = recorder(log, 'a', () => {
    if (log.length === 4) abort.abort(new Error('enough'));
    return Promise.resolve(sample);
  });
  await t.throwsAsync(runRounds([lane], { ...options, signal: abort.signal }), { message: 'enough' });
  t.is(log.length, 4);
});
