import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { filesBelow, text } from './files.js';

interface Change {
  readonly file?: string;
  readonly find?: string;
}

interface Mutant extends Change {
  readonly name: string;
  readonly tests: readonly string[];
  readonly also?: readonly Change[];
}

const { mutants } = (await import(pathToFileURL(resolve('test/escape/mutants.mjs')).href)) as {
  mutants: readonly Mutant[];
};

/** Rows of the table of classes: number, and the tests of the last column. */
const rows = [...text('docs/threat-model.md').matchAll(/^\| (\d*) ?\|.*\| ([^|]+) \|$/gm)].map(
  ([, number = '', tests = '']) => ({ number, tests: tests.trim().split(', ') }),
);

test('every class has tests, and they exist', (t) => {
  t.true(rows.length > 25, String(rows.length));
  for (const name of rows.flatMap(({ tests }) => tests))
    t.true(existsSync(`test/${name}.test.ts`), `docs/threat-model.md names ${name}`);
});

test('every test of an attack is of a class', (t) => {
  const named = new Set(rows.flatMap(({ tests }) => tests));
  const files = filesBelow('test/escape')
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => file.slice('test/'.length, -'.test.ts'.length));
  t.deepEqual(
    files.filter((name) => !named.has(name)),
    [],
  );
});

test('every class and every test of an attack has a rule that can be switched off', (t) => {
  const classes = new Set(mutants.map(({ name }) => /^\d+/.exec(name)?.[0]));
  t.deepEqual(
    rows.map(({ number }) => number).filter((number) => number !== '' && !classes.has(number)),
    [],
  );
  const tried = new Set(mutants.flatMap(({ tests }) => tests));
  const files = filesBelow('test/escape').filter((file) => file.endsWith('.test.ts'));
  t.deepEqual(
    files.filter((file) => !tried.has(file)),
    [],
  );
});

test('what a mutant changes is there, once', (t) => {
  for (const { name, also = [], ...main } of mutants)
    for (const { file, find } of [main, ...also])
      if (file !== undefined && find !== undefined)
        t.is(text(file).split(find).length, 2, `${name}: ${file}`);
});
