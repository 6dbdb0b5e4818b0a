import test from 'ava';
import { parseSize } from '../../src/spec/size.js';
import { refusedCall, type Refusal } from './refusal.js';

const taken: readonly (readonly [written: string | number, bytes: number])[] = [
  [0, 0],
  [-0, 0],
  [1, 1],
  [2 ** 53 - 1, 2 ** 53 - 1],
  ['0B', 0],
  ['1B', 1],
  ['9007199254740991B', 2 ** 53 - 1],
  ['1KiB', 1024],
  ['64MiB', 67_108_864],
  ['8GiB', 8 * 2 ** 30],
  ['2TiB', 2 ** 41],
  ['8191TiB', 8191 * 2 ** 40],
  ['1kB', 1000],
  ['100MB', 1e8],
  ['3GB', 3e9],
  ['4TB', 4e12],
];
for (const [written, bytes] of taken) {
  test(`the size ${JSON.stringify(written)} (${typeof written}${Object.is(written, -0) ? ', negative' : ''})`, (t) => {
    t.is(parseSize(written, 'size'), bytes);
  });
}

const refused: readonly (readonly [written: unknown, refusal: Refusal])[] = [
  [undefined, 'type'],
  [null, 'type'],
  [true, 'type'],
  [1n, 'type'],
  [['1MiB'], 'type'],
  [-1, 'value'],
  [0.5, 'value'],
  [NaN, 'value'],
  [Infinity, 'value'],
  [-Infinity, 'value'],
  [2 ** 53, 'value'],
  ['', 'value'],
  ['1', 'value'],
  ['MiB', 'value'],
  ['1mib', 'value'],
  ['1MIB', 'value'],
  ['1mb', 'value'],
  ['1KB', 'value'],
  ['1K', 'value'],
  ['1M', 'value'],
  ['1PiB', 'value'],
  ['1 MiB', 'value'],
  ['1MiB ', 'value'],
  ['1MiB\n', 'value'],
  ['1MiB\0', 'value'],
  ['1.5GiB', 'value'],
  ['1e3B', 'value'],
  ['0x10B', 'value'],
  ['01B', 'value'],
  ['-1B', 'value'],
  ['+1B', 'value'],
  ['1_000B', 'value'],
  ['١B', 'value'],
  ['9007199254740992B', 'value'],
  ['8192TiB', 'value'],
  ['9999999999999999TiB', 'value'],
  ['unlimited', 'value'],
];
for (const [written, refusal] of refused) {
  const title = `no size: ${typeof written === 'bigint' ? '1n' : JSON.stringify(written)} ${String(written)}`;
  test(title, refusedCall, () => parseSize(written, 'size'), refusal, 'size');
}

test('bounds are part of the message', (t) => {
  t.is(parseSize('64KiB', 'size', 65_536), 65_536);
  t.throws(() => parseSize(65_535, 'size', 65_536), { message: 'size: expected at least 64 KiB, got 65535' });
  t.throws(() => parseSize('2B', 'size', 0, 1), { message: 'size: expected at most 1 bytes, got "2B"' });
});
