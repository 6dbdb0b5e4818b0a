import test from 'ava';
import { parseDuration } from '../../src/spec/duration.js';
import { refusedCall, refuses, type Refusal } from './refusal.js';

const taken: readonly (readonly [written: string | number, milliseconds: number])[] = [
  [1, 1],
  [2_147_483_648_000, 2_147_483_648_000],
  ['500ms', 500],
  ['30s', 30_000],
  ['10min', 600_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['2147483648s', 2_147_483_648_000],
  ['24855d', 24_855 * 86_400_000],
];
for (const [written, milliseconds] of taken) {
  test(`the duration ${String(written)}`, (t) => {
    t.is(parseDuration(written, 'lifetime'), milliseconds);
  });
}

const refused: readonly (readonly [written: unknown, refusal: Refusal])[] = [
  [undefined, 'type'],
  [null, 'type'],
  [false, 'type'],
  [{ seconds: 1 }, 'type'],
  [0, 'value'],
  [-1, 'value'],
  [0.5, 'value'],
  [1.5, 'value'],
  [NaN, 'value'],
  [Infinity, 'value'],
  [2_147_483_648_001, 'value'],
  ['2147483649s', 'value'],
  ['24856d', 'value'],
  ['0s', 'value'],
  ['', 'value'],
  ['30', 'value'],
  ['s', 'value'],
  ['30S', 'value'],
  ['30 s', 'value'],
  ['30s\n', 'value'],
  ['30s\0', 'value'],
  ['1m', 'value'],
  ['1.5h', 'value'],
  ['-1s', 'value'],
  ['1h30min', 'value'],
  ['PT1H', 'value'],
  ['01s', 'value'],
];
for (const [written, refusal] of refused) {
  const title = `no duration: ${typeof written} ${JSON.stringify(written)} ${String(written)}`;
  test(title, refusedCall, () => parseDuration(written, 'lifetime'), refusal, 'lifetime');
}

refuses([
  [{ lifetime: 0 }, 'value', 'lifetime'],
  [{ lifetime: null }, 'type', 'lifetime'],
]);
