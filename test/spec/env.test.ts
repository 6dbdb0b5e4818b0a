import test from 'ava';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refuses, smallest } from './refusal.js';

refuses([
  [{ env: null }, 'type', 'env'],
  [{ env: 'A=1' }, 'type', 'env'],
  [{ env: ['A=1'] }, 'type', 'env'],
  [{ env: { A: 1 } }, 'type', 'env.A'],
  [{ env: { A: undefined } }, 'type', 'env.A'],
  [{ env: { A: null } }, 'type', 'env.A'],
  [{ env: { A: 'x\0' } }, 'value', 'env.A'],
  [{ env: { A: '\udfff' } }, 'value', 'env.A'],
  [{ env: { '': 'x' } }, 'value', 'env[""]'],
  [{ env: { 'A=B': 'x' } }, 'value', 'env["A=B"]'],
  [{ env: { '=': 'x' } }, 'value', 'env["="]'],
  [{ env: { 'A\0': 'x' } }, 'value', 'env["A\\u0000"]'],
  [{ env: { '\ud800': 'x' } }, 'value', 'env["\\ud800"]'],
  [{ env: { [Symbol('A')]: 'x' } }, 'unknown', 'env'],
  [{ env: { A: 'x'.repeat(131_070) } }, 'value', 'env.A'],
]);

test('a variable as long as it can be', (t) => {
  const text = 'x'.repeat(131_069);
  t.deepEqual(parseRoomSpec({ ...smallest, env: { A: text } }).env[0], ['A', text]);
});

test('one mebibyte in pieces', (t) => {
  const env = Object.fromEntries(
    Array.from({ length: 64 }, (_, index) => [`PIECE_${String(index)}`, 'x'.repeat(16_384)]),
  );
  t.is(parseRoomSpec({ ...smallest, env }).env.length, 65);
});

test('PATH is the default one only when there is none', (t) => {
  t.deepEqual(parseRoomSpec({ ...smallest, env: { PATH: '' } }).env, [['PATH', '']]);
  t.deepEqual(parseRoomSpec({ ...smallest, env: { path: 'x' } }).env.length, 2);
});

test('names and values may be almost anything', (t) => {
  const env = { 'a\nb': 'c\nd', 'with space': '', __proto: '=', é: '1', 'x.y-z': 'a=b' };
  t.deepEqual(parseRoomSpec({ ...smallest, env }).env.slice(0, -1), Object.entries(env));
  const odd = JSON.parse('{"__proto__": "x"}') as unknown;
  t.deepEqual(parseRoomSpec({ ...smallest, env: odd }).env[0], ['__proto__', 'x']);
});

test('a message never has a value', (t) => {
  for (const value of [1234567, 'hunter2\0', 'hunter2\ud800', `hunter2${'x'.repeat(131_072)}`]) {
    const error = t.throws(() => parseRoomSpec({ ...smallest, env: { TOKEN: value } }));
    t.notRegex(error.message, /hunter2|1234567/);
  }
});
