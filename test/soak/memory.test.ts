import test from 'ava';
import { driftOf, type MemorySample } from './memory.js';

const samples = (rooms: number, ...sizes: number[]): MemorySample[] =>
  sizes.map((rss, index) => {
    const at = (index + 1) / sizes.length;
    return { at, rooms: rooms * at, rss, heapUsed: 0, heapTotal: 0, external: 0 };
  });

test('drift counts from the first tenth', (t) => {
  t.is(driftOf(samples(20_000, 100, 110, 120, 130, 140, 150, 160, 170, 180, 195)), 95);
});

test('a short soak warms up longer, but not beyond half time', (t) => {
  t.is(driftOf(samples(5000, 100, 110, 120, 130, 140, 150, 160, 170, 180, 195)), 65);
  t.is(driftOf(samples(500, 100, 110, 120, 130, 140, 150, 160, 170, 180, 195)), 55);
});
