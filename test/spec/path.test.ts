import test from 'ava';
import { isWithin } from '../../src/spec/path.js';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refuses, smallest } from './refusal.js';

refuses([
  [{ cwd: 1 }, 'type', 'cwd'],
  [{ cwd: null }, 'type', 'cwd'],
  [{ cwd: '' }, 'value', 'cwd'],
  [{ cwd: 'work' }, 'value', 'cwd'],
  [{ cwd: './work' }, 'value', 'cwd'],
  [{ cwd: '/a/..' }, 'value', 'cwd'],
  [{ cwd: '/../a' }, 'value', 'cwd'],
  [{ cwd: '/a\n/../b' }, 'value', 'cwd'],
  [{ cwd: '/a\0' }, 'value', 'cwd'],
  [{ cwd: '/\ud800' }, 'value', 'cwd'],
  [{ cwd: `/${'x'.repeat(256)}` }, 'value', 'cwd'],
  [{ cwd: `/${'é'.repeat(128)}` }, 'value', 'cwd'],
  [{ cwd: '/x'.repeat(2048) }, 'value', 'cwd'],
]);

const taken: readonly (readonly [written: string, normalized: string])[] = [
  ['/', '/'],
  ['//', '/'],
  ['/.', '/'],
  ['/a/', '/a'],
  ['//a//./b/.', '/a/b'],
  ['/a..b/...', '/a..b/...'],
  ['/with space/and\nnewline', '/with space/and\nnewline'],
  ['/proc/self', '/proc/self'],
  [`/${'x'.repeat(255)}`, `/${'x'.repeat(255)}`],
  ['/x'.repeat(2047), '/x'.repeat(2047)],
];
for (const [written, normalized] of taken) {
  test(`the path ${JSON.stringify(written.slice(0, 30))} is normalized`, (t) => {
    t.is(parseRoomSpec({ ...smallest, cwd: written }).cwd, normalized);
  });
}

test('within means the directory and what is below', (t) => {
  t.true(isWithin('/dev', '/dev'));
  t.true(isWithin('/dev/shm', '/dev'));
  t.true(isWithin('/dev', '/'));
  t.false(isWithin('/devices', '/dev'));
  t.false(isWithin('/', '/dev'));
});
