import test from 'ava';
import { decodePath, encodePath, folded, manifestText, parseManifest } from '../../src/capsule/manifest.js';

const hash = 'a'.repeat(64);
const parse = (text: string | Uint8Array) => {
  const { entries, problems } = parseManifest(Buffer.from(text), 'manifest-sha256.txt', 'data/');
  return { paths: entries.map(({ path }) => path), codes: problems.map(({ code }) => code) };
};

test('CR, LF and % of a path are encoded, and nothing else', (t) => {
  t.is(encodePath('data/a\r\nb%0A é\t.txt'), 'data/a%0D%0Ab%250A é\t.txt');
  for (const path of ['data/%', 'data/%%25', 'data/a\nb', 'data/100%\r', 'data/%0A'])
    t.is(decodePath(encodePath(path)), path);
  t.is(decodePath('a%0a%0d'), 'a\n\r');
  for (const text of ['a%', 'a%2', 'a%41', '%25%zz']) t.is(decodePath(text), null);
});

test('what is written is read, in the order of bytes', (t) => {
  // U+FF3A comes before U+1F600 in UTF-8, and after it in UTF-16.
  const paths = ['data/b', 'data/a\nb', 'data/\u{1f600}', 'data/\uff3a', 'data/a'];
  const text = manifestText(paths.map((path) => ({ sha256: hash, path })));
  t.deepEqual(parse(text), {
    paths: ['data/a', 'data/a\nb', 'data/b', 'data/\uff3a', 'data/\u{1f600}'],
    codes: [],
  });
  t.deepEqual(parse(''), { paths: [], codes: [] });
});

const bad: readonly (readonly [what: string, text: string, code: string])[] = [
  ['cut off in the middle of a line', `${hash}  data/a\n${hash.slice(0, 30)}`, 'ERR_COURIER_TAG_FILE'],
  ['cut off before the last newline', `${hash}  data/a`, 'ERR_COURIER_TAG_FILE'],
  ['one space', `${hash} data/a\n`, 'ERR_COURIER_TAG_FILE'],
  ['a star, as sha256sum -b has it', `${hash} *data/a\n`, 'ERR_COURIER_TAG_FILE'],
  ['white space before', ` ${hash}  data/a\n`, 'ERR_COURIER_TAG_FILE'],
  ['upper case', `${'A'.repeat(64)}  data/a\n`, 'ERR_COURIER_TAG_FILE'],
  ['another hash', `${'a'.repeat(40)}  data/a\n`, 'ERR_COURIER_TAG_FILE'],
  ['CR LF', `${hash}  data/a\r\n`, 'ERR_COURIER_TAG_FILE'],
  ['an empty line', `\n${hash}  data/a\n`, 'ERR_COURIER_TAG_FILE'],
  ['an encoding of what needs none', `${hash}  data/%61\n`, 'ERR_COURIER_TAG_FILE'],
  ['a byte order mark', `\ufeff${hash}  data/a\n`, 'ERR_COURIER_TAG_FILE'],
  ['out of order', `${hash}  data/b\n${hash}  data/a\n`, 'ERR_COURIER_TAG_FILE'],
  ['an absolute path', `${hash}  /etc/passwd\n`, 'ERR_COURIER_PATH'],
  ['a way out', `${hash}  data/../../etc/passwd\n`, 'ERR_COURIER_PATH'],
  ['a way out at the beginning', `${hash}  ../etc/passwd\n`, 'ERR_COURIER_PATH'],
  ['a dot', `${hash}  data/./a\n`, 'ERR_COURIER_PATH'],
  ['an empty name', `${hash}  data//a\n`, 'ERR_COURIER_PATH'],
  ['a directory', `${hash}  data/a/\n`, 'ERR_COURIER_PATH'],
  ['a backslash', `${hash}  data/..\\..\\a\n`, 'ERR_COURIER_PATH'],
  ['a NUL', `${hash}  data/a\0b\n`, 'ERR_COURIER_PATH'],
  ['what is no payload', `${hash}  bagit.txt\n`, 'ERR_COURIER_PATH'],
  ['a name twice', `${hash}  data/a\n${hash}  data/a\n`, 'ERR_COURIER_DUPLICATE'],
  ['a name in two cases', `${hash}  data/A\n${hash}  data/a\n`, 'ERR_COURIER_DUPLICATE'],
  ['a name in two normal forms', `${hash}  data/e\u0301\n${hash}  data/\u00e9\n`, 'ERR_COURIER_DUPLICATE'],
];

for (const [what, text, code] of bad) {
  test(`refused: ${what}`, (t) => t.deepEqual(parse(text).codes, [code]));
}

test('what is no UTF-8 is refused, and a manifest of nothing but faults ends soon', (t) => {
  t.deepEqual(parse(Buffer.from(`${hash}  data/\xff\n`, 'latin1')).codes, ['ERR_COURIER_TAG_FILE']);
  t.is(parse('x\n'.repeat(100_000)).codes.length, 20);
});

test('names that some file system takes for one', (t) => {
  t.is(folded('Ｆoo'), folded('foo'));
  t.is(folded('ﬁle'), folded('FILE'));
  t.not(folded('a'), folded('b'));
});
