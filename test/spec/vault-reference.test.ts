import test from 'ava';
import { SpecRangeError, SpecTypeError } from '../../src/errors.js';
import { parseGeneration, parseName, parseReference, referenceText } from '../../src/spec/vault-reference.js';

for (const text of ['models/tiny.gguf', 'datasets/mnist@3', 'planks/a@999999999', 'flakes/0-x_y.z']) {
  test(`${text} is a reference, and comes back as it was`, (t) => {
    t.is(referenceText(parseReference(text)), text);
  });
}

const bad: readonly [string, RegExp][] = [
  ['', /expected kind\/name/],
  ['tiny', /expected kind\/name/],
  ['/models/tiny', /expected kind\/name/],
  ['models/a/b', /expected kind\/name/],
  ['models/a@1@2', /expected kind\/name/],
  ['modles/a', /did you mean models\?/],
  ['Models/a', /expected a kind/],
  ['nix/a', /expected a kind/],
  ['models/', /expected a name/],
  ['models/..', /expected a name/],
  ['models/.gen', /expected a name/],
  ['models/-rf', /expected a name/],
  ['models/Tiny', /expected a name/],
  ['models/tiny.', /expected a name/],
  ['models/a b', /expected a name/],
  ['models/a\nb', /expected a name/],
  ['models/é', /expected a name/],
  ['models/meta.json', /expected a name/],
  ['models/con', /expected a name/],
  ['models/nul.gguf', /expected a name/],
  [`models/${'a'.repeat(65)}`, /expected a name/],
  ['models/a@0', /expected a generation/],
  ['models/a@', /expected a generation/],
  ['models/a@01', /expected a generation/],
  ['models/a@-1', /expected a generation/],
  ['models/a@1000000000', /expected a generation/],
  ['models/a\0', /NUL/],
];

for (const [text, expected] of bad) {
  test(`${JSON.stringify(text)} is none`, (t) => {
    const error = t.throws(() => parseReference(text), { instanceOf: SpecRangeError });
    t.regex(error.message, expected);
    t.is(error.field, 'reference');
  });
}

test('what is no text', (t) => {
  for (const value of [undefined, null, 3, {}, ['models/a']])
    t.throws(() => parseReference(value), { instanceOf: SpecTypeError });
});

test('with or without a generation where only that makes sense', (t) => {
  t.throws(() => parseName('models/a@1'), { message: /without a generation/ });
  t.throws(() => parseGeneration('models/a'), { message: /kind\/name@generation/ });
  t.is(parseGeneration('models/a@2').generation, 2);
});
