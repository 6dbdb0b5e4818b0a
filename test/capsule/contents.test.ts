import { createHash } from 'node:crypto';
import test from 'ava';
import {
  assembledEntries,
  filesOf,
  contentsText,
  itemDigest,
  parseContents,
  weightDigests,
  type CapsuleContents,
} from '../../src/capsule/contents.js';
import { RoomError } from '../../src/errors.js';

const hash = (digit: string): string => digit.repeat(64);
const file = (path: string, stored: string, size = 3) => ({
  path,
  size,
  sha256: hash('a'),
  executable: false,
  pieces: [{ path: stored, size, sha256: hash('a') }],
});

const contents: CapsuleContents = {
  capsule: 1,
  name: 'tiny',
  room: file('room.json', 'data/room/room.json'),
  plank: { ...file('plank.sqsh', 'data/plank/plank.sqsh'), format: 'squashfs', compression: 'zstd' },
  weights: [
    {
      name: 'net',
      type: 'tree',
      files: [file('A b', 'data/weights/net/a_b'), file('c/d', 'data/weights/net/c/d')],
      emptyDirectories: ['logs'],
    },
    {
      name: 'big',
      type: 'file',
      files: [
        {
          ...file('big', '', 5),
          pieces: [
            { path: 'data/weights/big.part-0000', size: 3, sha256: hash('b') },
            { path: 'data/weights/big.part-0001', size: 2, sha256: hash('c') },
          ],
        },
      ],
      emptyDirectories: [],
    },
  ],
  flake: null,
  requires: { arch: 'x64', cpuFlags: ['avx'] },
  expected: null,
};

const parse = (value: unknown): CapsuleContents | RoomError =>
  parseContents(Buffer.from(`${JSON.stringify(value, null, 2)}\n`));

test('what is written is read', (t) => {
  t.deepEqual(parseContents(Buffer.from(contentsText(contents))), contents);
});

test('files in parts are listed as they are once they were put together', (t) => {
  t.deepEqual(
    assembledEntries(filesOf(contents)).map(({ path }) => path),
    [
      'data/room/room.json',
      'data/plank/plank.sqsh',
      'data/weights/net/a_b',
      'data/weights/net/c/d',
      'data/weights/big',
    ],
  );
});

test('a directory has the digest that a vault gives it', (t) => {
  const [tree, single] = contents.weights;
  t.is(
    itemDigest(tree!),
    createHash('sha256')
      .update(`${hash('a')}  A b\n${hash('a')}  c/d\n`)
      .digest('hex'),
  );
  t.is(itemDigest(single!), hash('a'));
  t.deepEqual(weightDigests(contents), { net: itemDigest(tree!), big: hash('a') });
});

/** Changes something deep inside of a copy. */
function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(contents) as unknown;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const place = keys.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], copy) as Record<
    string,
    unknown
  >;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copy;
}

const bad: readonly (readonly [path: string, value: unknown])[] = [
  ['name', '../x'],
  ['name', 'Tiny'],
  ['more', 1],
  ['room', undefined],
  ['plank.format', 'ext4'],
  ['plank.compression', '\x1b[2J'],
  ['plank.pieces.0.path', 'data/weights/plank.sqsh'],
  ['plank.pieces.0.path', 'data/plank/../../etc/passwd'],
  ['plank.pieces.0.path', '/etc/passwd'],
  ['plank.pieces.0.sha256', hash('b')],
  ['plank.pieces.0.size', 4],
  ['plank.pieces', []],
  ['plank.pieces.0.path', 'data/plank/plank.sqsh.part-0000'],
  ['weights.0.files.0.path', '../../home'],
  ['weights.0.files.0.path', '/etc/passwd'],
  ['weights.0.files.0.path', 'a//b'],
  ['weights.0.files.0.path', 'a\nb'],
  ['weights.0.files.0.path', 'a\u202eb'],
  ['weights.0.files.0.path', 'c/d'],
  ['weights.0.files.0.path', 'c'],
  ['weights.0.emptyDirectories', ['../x']],
  ['weights.0.emptyDirectories', ['c/d']],
  ['weights.0.name', 'big'],
  ['weights.1.files', []],
  ['weights.1.type', 'link'],
  ['weights.1.files.0.pieces.0.path', 'data/weights/big.part-0001'],
  ['weights.1.files.0.pieces.1.path', 'data/weights/other.part-0001'],
  ['weights.1.files.0.size', 6],
  ['requires.arch', ''],
  ['expected', {}],
];

for (const [path, value] of bad) {
  test(`refused: ${path} ${JSON.stringify(value)}`, (t) => {
    const result = parse(changed(path, value));
    t.is(result instanceof RoomError ? result.code : 'none', 'ERR_COURIER_CONTENT');
  });
}

test('another version is told from a damaged file', (t) => {
  const codeOf = (result: unknown): string => (result instanceof RoomError ? result.code : 'none');
  t.is(codeOf(parse(changed('capsule', 2))), 'ERR_COURIER_VERSION');
  t.is(codeOf(parseContents(Buffer.from(JSON.stringify(contents)))), 'ERR_COURIER_CONTENT');
  t.is(
    codeOf(
      parseContents(Buffer.from(contentsText(contents).replace('"arch"', '"arch": "x64",\n    "arch"'))),
    ),
    'ERR_COURIER_CONTENT',
  );
  for (const text of ['', '{', 'null', '[]', '1'])
    t.is(codeOf(parseContents(Buffer.from(text))), 'ERR_COURIER_CONTENT');
});
