import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { PlankRest } from '../../src/addon/plank-rest.js';
import { until } from '../helpers/vm-guest.js';

/** Answers in turn what native code might. */
function releases(...answers: (number | null)[]): { calls: number; release: () => Promise<number | null> } {
  const made = {
    calls: 0,
    release: (): Promise<number | null> => Promise.resolve(answers[made.calls++] ?? null),
  };
  return made;
}

test('nothing is asked before a plank was used', async (t) => {
  const made = releases();
  new PlankRest(1, made.release);
  await sleep(20);
  t.is(made.calls, 0);
});

test('it asks again when another one will be due, and then no more', async (t) => {
  const made = releases(1, 1, null);
  const rest = new PlankRest(1, made.release);
  for (let use = 0; use < 5; use++) rest.used();
  await until(() => made.calls === 3);
  await sleep(20);
  t.is(made.calls, 3);
  rest.used();
  await until(() => made.calls === 4);
  t.pass();
});

test('a use while it asks is not forgotten', async (t) => {
  let calls = 0;
  const rest: PlankRest = new PlankRest(1, async () => {
    if (++calls === 1) rest.used();
    return null;
  });
  rest.used();
  await until(() => calls === 2);
  t.pass();
});

test('a closed Anchor is not asked, and its refusal is nothing to anybody', async (t) => {
  let calls = 0;
  const rest = new PlankRest(1, () => (calls++, Promise.reject(new Error('closed'))));
  rest.used();
  await until(() => calls === 1);
  rest.stop();
  rest.used();
  await sleep(20);
  t.is(calls, 1);
});
