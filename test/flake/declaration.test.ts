import test from 'ava';
import {
  checkDeclaration,
  declarationText,
  lineOfName,
  parseDeclaration,
} from '../../src/flake/declaration.js';
import { applyEdit, differences, type EnvironmentEdit } from '../../src/flake/edit.js';
import { SpecRangeError, SpecTypeError, type RoomError } from '../../src/index.js';

const plain = checkDeclaration({
  format: 1,
  packages: ['busybox', 'hello'],
  env: { A: '1' },
  entry: { run: ['hello'] },
});

test('what is not there is empty, and the text says all of it', (t) => {
  const declaration = checkDeclaration({ format: 1 });
  t.deepEqual(declaration, { format: 1, packages: [], env: {}, entry: {}, services: {} });
  t.deepEqual(parseDeclaration(declarationText(declaration), '/x'), declaration);
  t.true(declarationText(plain).endsWith('}\n'));
});

const wrong: readonly [what: string, value: unknown, field: string][] = [
  ['an array', [], 'spec'],
  ['another format', { format: 2 }, 'format'],
  ['no format', {}, 'format'],
  ['an unknown key', { format: 1, package: [] }, 'package'],
  ['a service without a command', { format: 1, services: { db: {} } }, 'services.db.command'],
  ['packages of another type', { format: 1, packages: 'hello' }, 'packages'],
  ['a package twice', { format: 1, packages: ['a', 'b', 'a'] }, 'packages'],
  ['a name that is Nix', { format: 1, packages: ['a', 'import <x>'] }, 'packages[1]'],
  ['a name with an interpolation', { format: 1, packages: ['${x}'] }, 'packages[0]'],
  ['a name that ends in a dot', { format: 1, packages: ['python3.'] }, 'packages[0]'],
  ['a variable with "="', { format: 1, env: { 'A=B': '' } }, 'env["A=B"]'],
  ['a variable that is a number', { format: 1, env: { A: 1 } }, 'env.A'],
  ['a variable with NUL', { format: 1, env: { A: '\0' } }, 'env.A'],
  ['an entry without a program', { format: 1, entry: { run: [] } }, 'entry.run'],
  ['an entry that is a text', { format: 1, entry: { run: 'hello' } }, 'entry.run'],
  ['an entry with a bad name', { format: 1, entry: { 'Run it': ['x'] } }, 'entry["Run it"]'],
];
for (const [what, value, field] of wrong)
  test(`refused: ${what}`, (t) => {
    const error = t.throws(() => checkDeclaration(value), { any: true });
    t.true(error instanceof SpecTypeError || error instanceof SpecRangeError, String(error));
    t.is((error as SpecTypeError).field, field);
  });

test('a slip in the file has its line', (t) => {
  const lineOf = (text: string): [string, number | undefined] => {
    const error = t.throws<RoomError>(() => parseDeclaration(text, '/flake/anchor.env.json'));
    t.is(error.path, '/flake/anchor.env.json');
    return [error.code, error.line];
  };
  const code = 'ERR_FLAKE_DECLARATION';
  t.deepEqual(lineOf('{\n  "format": 1,\n  "packages": ["a",]\n}\n'), [code, 3]);
  t.deepEqual(lineOf('{\n  "format": 1,\n  "packages": ["a"\n'), [code, 4]);
  t.deepEqual(lineOf('{\n  "format": 1,\n  "packges": ["a"]\n}\n'), [code, 3]);
  t.deepEqual(lineOf('{\n  "format": 1,\n  "env": {\n    "A": 1\n  }\n}\n'), [code, 4]);
  t.is(lineOfName('{\n "a": 1\n}', 'b'), null);
});

const edits: readonly [what: string, edit: EnvironmentEdit, changes: readonly string[]][] = [
  ['nothing', {}, []],
  ['a package more', { packages: { add: ['count'] } }, ['packages count: - count']],
  ['one that is there', { packages: { add: ['hello'] } }, []],
  ['a package less', { packages: { remove: ['hello', 'nosuch'] } }, ['packages hello: hello -']],
  ['a list', { packages: ['hello', 'a.b'] }, ['packages a.b: - a.b', 'packages busybox: busybox -']],
  ['variables', { env: { A: null, B: '2' } }, ['env A: 1 -', 'env B: - 2']],
  ['another value', { env: { A: '2' } }, ['env A: 1 2']],
  ['entries', { entry: { run: ['hello', '-v'], old: null } }, ['entry run: ["hello"] ["hello","-v"]']],
  ['services', { services: { web: { command: ['nc'] } } }, ['services web: - {"command":["nc"]}']],
];
for (const [what, edit, changes] of edits)
  test(`edit: ${what}`, (t) => {
    const after = applyEdit(plain, edit);
    const inWords = (value: unknown = '-'): string =>
      typeof value === 'string' ? value : JSON.stringify(value);
    const found = differences(plain, after).map(
      ({ field, name, before, after: now }) => `${field} ${name}: ${inWords(before)} ${inWords(now)}`,
    );
    t.deepEqual(found, changes);
    t.deepEqual([...after.packages], [...after.packages].sort());
  });

test('a wrong edit names its field', (t) => {
  const field = (edit: unknown): string =>
    t.throws<SpecTypeError>(() => applyEdit(plain, edit as EnvironmentEdit)).field;
  t.is(field({ package: [] }), 'package');
  t.is(field({ packages: { add: ['a b'] } }), 'packages.add[0]');
  t.is(field({ env: { A: 1 } }), 'env.A');
  t.is(field({ entry: { run: [1] } }), 'entry.run[0]');
});
