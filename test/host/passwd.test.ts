import test from 'ava';
import { parseGroup, parsePasswd } from '../../src/host/passwd.js';

test('ordinary files', (t) => {
  t.deepEqual(parsePasswd('root:x:0:0:root:/root:/bin/bash\nme:x:1000:100:Me,,,:/home/me:/bin/sh\n'), [
    { name: 'root', uid: 0, gid: 0, home: '/root' },
    { name: 'me', uid: 1000, gid: 100, home: '/home/me' },
  ]);
  t.deepEqual(parseGroup('root:x:0:\naudio:x:29:me,you\n'), [
    { name: 'root', gid: 0, members: [] },
    { name: 'audio', gid: 29, members: ['me', 'you'] },
  ]);
});

test('no newline at the end, empty lines, no file', (t) => {
  t.is(parsePasswd('\n\na:x:1:1:::').length, 1);
  t.deepEqual(parsePasswd(''), []);
  t.deepEqual(parseGroup(''), []);
});

for (const id of [
  '-1',
  '+1',
  '0x1',
  '1e3',
  ' 1',
  '1 ',
  '',
  '1.0',
  '4294967294',
  '4294967295',
  '4294967296',
  '99999999999',
  '١',
]) {
  test(`'${id}' is no id`, (t) => {
    t.deepEqual(parsePasswd(`a:x:${id}:1:::`), []);
    t.deepEqual(parsePasswd(`a:x:1:${id}:::`), []);
    t.deepEqual(parseGroup(`a:x:${id}:`), []);
  });
}

for (const line of [
  'a',
  'a:x:1:1',
  'a:x:1:1:::::',
  ':x:1:1:::',
  '+:x:1:1:::',
  '-a:x:1:1:::',
  '#a:x:1:1:::',
  'a b:x:1:1:::',
  'a\0:x:1:1:::',
]) {
  test(`passed over: ${JSON.stringify(line)}`, (t) => {
    t.deepEqual(
      parsePasswd(`${line}\nb:x:2:2:::\n`).map(({ name }) => name),
      ['b'],
    );
  });
}

test('of a name that comes twice both are kept in order, so the first is found', (t) => {
  t.deepEqual(
    parsePasswd('a:x:5:5:::\na:x:0:0:::\n').map(({ uid }) => uid),
    [5, 0],
  );
});

test('a carriage return does not hide in a name, and names are not properties', (t) => {
  t.deepEqual(parsePasswd('a\r:x:1:1:::\n'), []);
  t.deepEqual(
    parsePasswd('__proto__:x:1:1:::\n').map(({ name }) => name),
    ['__proto__'],
  );
});

test('a megabyte of garbage takes no time', (t) => {
  const started = process.hrtime.bigint();
  t.deepEqual(parsePasswd(':'.repeat(1 << 20)), []);
  t.deepEqual(parsePasswd('a'.repeat(1 << 20)), []);
  t.deepEqual(parsePasswd('\n'.repeat(1 << 20)), []);
  t.deepEqual(parseGroup(`g:x:1:${'m,'.repeat(1 << 19)}`), []);
  t.true(process.hrtime.bigint() - started < 2_000_000_000n);
});
