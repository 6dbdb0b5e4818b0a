import test from 'ava';
import { parseRoomSpec } from '../../src/index.js';
import { Random } from '../fuzz/random.js';
import { chooseRoom } from './room-choice.js';

const means = { planks: ['/a.sqsh', '/b.erofs', 'host'], directory: '/tmp', mark: 'x' };
const many = (seed: number): ReturnType<typeof chooseRoom>[] => {
  const random = new Random(seed);
  return Array.from({ length: 500 }, () => chooseRoom(random, means));
};

test('a seed decides which rooms there are and how they end', (t) => {
  t.deepEqual(many(1), many(1));
  t.notDeepEqual(many(1), many(2));
});

test('every end comes up, and every spec is one', (t) => {
  const rooms = many(3);
  for (const { spec } of rooms) parseRoomSpec(spec);
  t.deepEqual([...new Set(rooms.map(({ end }) => end.kind))].sort(), [
    ...['abort', 'crash', 'destroy', 'exit', 'init', 'missing', 'signal', 'timeout'],
  ]);
});
