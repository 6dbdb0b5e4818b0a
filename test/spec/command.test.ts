import test from 'ava';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refuses, smallest } from './refusal.js';

const longest = 131_071;

refuses([
  [{ command: undefined }, 'type', 'command'],
  [{ command: null }, 'type', 'command'],
  [{ command: 'ls -l' }, 'type', 'command'],
  [{ command: { 0: 'ls' } }, 'type', 'command'],
  [{ command: [] }, 'value', 'command'],
  [{ command: [''] }, 'value', 'command[0]'],
  [{ command: [1] }, 'type', 'command[0]'],
  [{ command: ['a', null] }, 'type', 'command[1]'],
  [{ command: ['a', undefined] }, 'type', 'command[1]'],
  [{ command: ['a', , 'b'] }, 'type', 'command[1]'],
  [{ command: ['a', ['b']] }, 'type', 'command[1]'],
  [{ command: ['a\0'] }, 'value', 'command[0]'],
  [{ command: ['a', 'b\0c'] }, 'value', 'command[1]'],
  [{ command: ['a', '\ud800'] }, 'value', 'command[1]'],
  [{ command: ['a', '\udc00\ud800'] }, 'value', 'command[1]'],
  [{ command: ['a', 'x'.repeat(longest + 1)] }, 'value', 'command[1]'],
  [{ command: ['a', 'é'.repeat(longest / 2 + 1)] }, 'value', 'command[1]'],
  [{ command: ['a', ...Array<string>(50).fill('x'.repeat(longest))] }, 'value', 'command'],
  [{ command: Array<string>(700_000).fill('x') }, 'value', 'command'],
]);

test('ten thousand arguments', (t) => {
  const command = ['echo', ...Array.from({ length: 9_999 }, (_, index) => `argument ${String(index)}`)];
  t.deepEqual(parseRoomSpec({ ...smallest, command }).command, command);
});

test('the longest argument there can be', (t) => {
  const command = ['echo', 'x'.repeat(longest)];
  t.deepEqual(parseRoomSpec({ ...smallest, command }).command, command);
});

test('any other text is an argument', (t) => {
  const command = ['echo', '', 'a\nb', "'; rm -rf /", '$(x)', '-n', '\u{1F6F6}', '\u0001\u007f', '\ufffd'];
  t.deepEqual(parseRoomSpec({ ...smallest, command }).command, command);
});

test('arguments and environment share their space', (t) => {
  const command = ['echo', ...Array<string>(24).fill('x'.repeat(longest))];
  const pieces = Array<string>(24).fill('x'.repeat(longest - 10));
  const env = Object.fromEntries(pieces.map((text, index) => [`V${String(index)}`, text]));
  t.notThrows(() => parseRoomSpec({ ...smallest, command }));
  t.notThrows(() => parseRoomSpec({ ...smallest, env }));
  t.throws(() => parseRoomSpec({ ...smallest, command, env }), {
    message: /^command: expected at most 6291456/,
  });
});

test('a message has the position of a NUL and not the argument', (t) => {
  const error = t.throws(() => parseRoomSpec({ ...smallest, command: ['login', 'hunter2\0'] }));
  t.is(error.message, 'command[1]: expected a string without NUL bytes, got one at position 7');
});
