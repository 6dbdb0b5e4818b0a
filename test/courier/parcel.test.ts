import test from 'ava';
import { parcelText, parseParcel, type ParcelContents } from '../../src/courier/parcel.js';
import { RoomError } from '../../src/errors.js';

const sha256 = 'a'.repeat(64);
const file = (path: string, stored: string): ParcelContents['items'][number]['files'][number] => ({
  path,
  size: 3,
  sha256,
  executable: false,
  pieces: [{ path: stored, size: 3, sha256 }],
});
const contents: ParcelContents = {
  parcel: 1,
  name: 'x',
  items: [
    {
      name: 'm.gguf',
      type: 'file',
      files: [file('m.gguf', 'data/models/m.gguf')],
      emptyDirectories: [],
      reference: 'models/m.gguf@3',
    },
    {
      name: 'm.gguf',
      type: 'tree',
      files: [file('a/B C', 'data/files/m.gguf/a/b_c')],
      emptyDirectories: ['empty'],
      reference: null,
    },
  ],
};

test('what is written is read', (t) => {
  t.deepEqual(parseParcel(Buffer.from(parcelText(contents))), contents);
});

const [model, tree] = contents.items as [ParcelContents['items'][number], ParcelContents['items'][number]];
const wrong: readonly (readonly [what: string, value: unknown])[] = [
  ['no object', 7],
  ['a key too many', { ...contents, more: 1 }],
  ['a thing twice', { ...contents, items: [model, model] }],
  ['a reference to another name', { ...contents, items: [{ ...model, reference: 'models/other@3' }] }],
  ['a reference without a generation', { ...contents, items: [{ ...model, reference: 'models/m.gguf' }] }],
  [
    'a reference of another kind than its place',
    { ...contents, items: [{ ...model, reference: 'planks/m.gguf@1' }] },
  ],
  ['a host file among the models', { ...contents, items: [{ ...model, reference: null }] }],
  [
    'a path that leads out',
    { ...contents, items: [{ ...tree, files: [file('../x', 'data/files/m.gguf/x')] }] },
  ],
  [
    'a stored path that leads out',
    { ...contents, items: [{ ...tree, files: [file('x', 'data/files/../../x')] }] },
  ],
  ['a name that is no plain one', { ...contents, name: '../x' }],
];

for (const [what, value] of wrong) {
  test(`refused: ${what}`, (t) => {
    const error = parseParcel(Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
    t.true(error instanceof RoomError && error.code === 'ERR_COURIER_CONTENT');
  });
}

test('refused: the same in another form, and a newer version', (t) => {
  const spaced = parseParcel(Buffer.from(`${JSON.stringify(contents)}\n`));
  t.true(spaced instanceof RoomError && spaced.code === 'ERR_COURIER_CONTENT');
  const newer = parseParcel(Buffer.from('{"parcel":2}'));
  t.true(newer instanceof RoomError && newer.code === 'ERR_COURIER_VERSION');
});
