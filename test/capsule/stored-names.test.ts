import test from 'ava';
import { isPlainName, isStoredPath, partName, storedPaths } from '../../src/capsule/stored-names.js';

const stored = (...paths: string[]): Record<string, string> => Object.fromEntries(storedPaths(paths));

test('plain names are file names everywhere', (t) => {
  for (const name of ['a', '0', 'tiny.gguf', 'model-00001-of-00002.safetensors', 'a'.repeat(64), 'console'])
    t.true(isPlainName(name), name);
  const others = [
    '',
    '.',
    '..',
    '.a',
    '-a',
    'A',
    'a.',
    'a b',
    'é',
    'a/b',
    'con',
    'nul.txt',
    'lpt1',
    'a'.repeat(65),
    'a.part-0000',
  ];
  for (const name of others) t.false(isPlainName(name), name);
});

test('paths in a capsule', (t) => {
  for (const path of ['data/weights/a', 'data/weights/a.part-0000', `data/${'a'.repeat(64)}.part-9999`])
    t.true(isStoredPath(path), path);
  for (const path of [
    'data/../a',
    'data//a',
    '/a',
    'data/A',
    'data/a.part-0000/b',
    'data/a.part-0000.part-0001',
    'a/'.repeat(40) + 'a',
  ])
    t.false(isStoredPath(path), path);
  t.true(isStoredPath(partName('data/a', 12)));
});

test('good names are kept, others come near', (t) => {
  t.deepEqual(stored('a.txt', 'd/b'), { 'a.txt': 'a.txt', 'd/b': 'd/b' });
  t.deepEqual(stored('README.md', 'Ä b.', 'con', '.hidden', '%', 'x.part-0001'), {
    'README.md': 'readme.md',
    'Ä b.': 'x__b_',
    con: 'xcon',
    '.hidden': 'x.hidden',
    '%': 'x_',
    'x.part-0001': 'x_part-0001',
  });
});

test('no two of them are one, and none takes the name of another', (t) => {
  const names = stored(
    'A.txt',
    'a.txt',
    'À.txt',
    'D/x',
    'd/x',
    'a/1',
    'A/1',
    `${'N'.repeat(100)}1.bin`,
    `${'N'.repeat(100)}2.bin`,
  );
  t.is(names['a.txt'], 'a.txt');
  t.is(names['A.txt'], 'a-2.txt');
  t.is(names['d/x'], 'd/x');
  t.is(names['D/x'], 'd-2/x');
  t.is(new Set(Object.values(names)).size, 9);
  t.true(Object.values(names).every(isStoredPath));
});

test('the order of the paths does not matter', (t) => {
  const paths = ['B', 'b', 'b-2', 'B ', 'é', 'è', 'dir/É', 'Dir/x'];
  t.deepEqual(stored(...paths), stored(...[...paths].reverse()));
});
