import test from 'ava';
import { loadAllocator } from './allocator.js';
import { driftOf, type MemorySample } from './memory.js';

const samples = (rooms: number, ...sizes: number[]): MemorySample[] =>
  sizes.map((size, index) => {
    const at = (index + 1) / sizes.length;
    const rss = { rss: 1000 - size, trimmed: size };
    return { at, rooms: rooms * at, ...rss, malloc: 2 * size, heapUsed: size, heapTotal: 0, external: 0 };
  });

test('drift counts from the first tenth', (t) => {
  t.deepEqual(driftOf(samples(20_000, 100, 110, 120, 130, 140, 150, 160, 170, 180, 195)), {
    rss: 95,
    inUse: 285,
  });
});

test('a short soak warms up longer, but not beyond half time', (t) => {
  t.is(driftOf(samples(5000, 100, 110, 120, 130, 140, 150, 160, 170, 180, 195)).rss, 65);
  t.is(driftOf(samples(500, 100, 110, 120, 130, 140, 150, 160, 170, 180, 195)).rss, 55);
});

test('the allocator tells what somebody has', async (t) => {
  const allocator = await loadAllocator();
  allocator.trim();
  const before = allocator.inUse();
  const buffer = Buffer.alloc(50_000_000, 1);
  t.true(allocator.inUse() - before > 40_000_000);
  t.is(buffer.length, 50_000_000);
});
