import test from 'ava';
import { Broadcast } from '../../../src/room/events.js';

test('every reader gets every event, at its own pace', async (t) => {
  const broadcast = new Broadcast<number>();
  const early = broadcast.read();
  broadcast.publish(1);
  const late = broadcast.read([1]);
  broadcast.publish(2);
  broadcast.close();
  t.deepEqual(await all(early), [1, 2]);
  t.deepEqual(await all(late), [1, 2]);
});

test('reading goes on when something happens', async (t) => {
  const broadcast = new Broadcast<string>();
  const reader = broadcast.read();
  const first = reader.next();
  const second = reader.next();
  broadcast.publish('a');
  broadcast.publish('b');
  t.deepEqual(
    [await first, await second],
    [
      { value: 'a', done: false },
      { value: 'b', done: false },
    ],
  );
  const third = reader.next();
  broadcast.close();
  t.true((await third).done);
});

test('reading after the end gives what is past', async (t) => {
  const broadcast = new Broadcast<number>();
  broadcast.close();
  t.deepEqual(await all(broadcast.read([7])), [7]);
});

test('leaving the loop lets go of the reader', async (t) => {
  const broadcast = new Broadcast<number>();
  const reader = broadcast.read([1, 2]);
  for await (const event of reader) {
    t.is(event, 1);
    break;
  }
  broadcast.publish(3);
  t.true((await reader.next()).done);
});

async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const event of events) read.push(event);
  return read;
}
