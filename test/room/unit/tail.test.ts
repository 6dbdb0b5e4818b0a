import test from 'ava';
import { Tail } from '../../../src/room/tail.js';

const after = (...chunks: string[]): string => {
  const tail = new Tail(4);
  for (const chunk of chunks) tail.push(Buffer.from(chunk));
  return `${tail.bytes().toString()} ${tail.total}`;
};

test('the last bytes are kept', (t) => {
  t.is(after(), ' 0');
  t.is(after('ab'), 'ab 2');
  t.is(after('ab', 'cd'), 'abcd 4');
  t.is(after('abc', 'de'), 'bcde 5');
  t.is(after('abcdefghij'), 'ghij 10');
  t.is(after('abc', 'defghijkl', 'm'), 'jklm 13');
  t.is(after('a', 'b', 'c', 'd', 'e', 'f', ''), 'cdef 6');
});
