import test from 'ava';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refuses, smallest } from './refusal.js';

const bad = ['', '-a', 'a-', 'a..b', '.a', 'a.', 'a_b', 'a b', 'é', 'a\n', 'a\0', '\ud800', 'a'.repeat(64)];

refuses([
  ...bad.map((hostname) => [{ hostname }, 'value', 'hostname'] as const),
  [{ hostname: `${'a.'.repeat(32)}a` }, 'value', 'hostname'],
  [{ hostname: 'a'.repeat(100_000) }, 'value', 'hostname'],
  [{ hostname: 1 }, 'type', 'hostname'],
  [{ hostname: null }, 'type', 'hostname'],
]);

for (const hostname of ['a', '7', 'A-b', 'a--b', 'a'.repeat(63), `${'a'.repeat(62)}.b`, 'x.y.z']) {
  test(`the hostname ${hostname}`, (t) => {
    t.is(parseRoomSpec({ ...smallest, hostname }).hostname, hostname);
  });
}
