import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Vault } from '../../../src/index.js';

/** A change of a vault that is ended in the middle. */
export interface Change {
  readonly name: string;
  readonly words: (directory: string) => readonly string[];
  /** What may be seen afterwards, told or not: a list of `reference:active`. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** What else may be there, of a change of several things. */
  readonly between?: readonly (readonly string[])[];
  /** Calls that it makes at least: fewer means that the killer sees nothing. */
  readonly least: number;
}

const untouched = ['datasets/set@1*', 'models/tiny@1', 'models/tiny@2', 'models/tiny@3*'];

/** For `vault-driver.ts`, on what `prepare` has made. */
export const changes: readonly Change[] = [
  {
    name: 'put',
    words: (directory) => ['models/tiny', join(directory, 'new')],
    before: untouched,
    after: ['datasets/set@1*', 'models/tiny@1', 'models/tiny@2', 'models/tiny@3', 'models/tiny@4*'],
    least: 20,
  },
  {
    // Two of its files are stored already, one is not.
    name: 'put',
    words: (directory) => ['datasets/set', join(directory, 'tree')],
    before: untouched,
    after: ['datasets/set@1', 'datasets/set@2*', 'models/tiny@1', 'models/tiny@2', 'models/tiny@3*'],
    least: 20,
  },
  {
    // The first one of its name is active whatever was said.
    name: 'put aside',
    words: (directory) => ['models/first', join(directory, 'new')],
    before: untouched,
    after: ['datasets/set@1*', 'models/first@1*', 'models/tiny@1', 'models/tiny@2', 'models/tiny@3*'],
    least: 20,
  },
  {
    name: 'rollback',
    words: () => ['models/tiny'],
    before: untouched,
    after: ['datasets/set@1*', 'models/tiny@1', 'models/tiny@2*', 'models/tiny@3'],
    least: 4,
  },
  {
    name: 'remove',
    words: () => ['models/tiny@2'],
    before: untouched,
    after: ['datasets/set@1*', 'models/tiny@1', 'models/tiny@3*'],
    least: 8,
  },
  {
    name: 'activate',
    words: () => ['models/tiny@1'],
    before: untouched,
    after: ['datasets/set@1*', 'models/tiny@1*', 'models/tiny@2', 'models/tiny@3'],
    least: 4,
  },
  {
    name: 'collect',
    words: () => [],
    before: untouched,
    after: ['datasets/set@1*', 'models/tiny@3*'],
    between: [
      ['datasets/set@1*', 'models/tiny@2', 'models/tiny@3*'],
      ['datasets/set@1*', 'models/tiny@1', 'models/tiny@3*'],
    ],
    least: 10,
  },
];

/** A vault with some generations, and in a directory what is put next. */
export async function prepare(path: string, directory: string): Promise<void> {
  await using vault = await Vault.init(path);
  const source = join(directory, 'old');
  for (const content of ['one', 'two', 'three']) {
    await writeFile(source, content.repeat(5000));
    await vault.put('models/tiny', source);
  }
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'below/empty'), { recursive: true });
  await writeFile(join(tree, 'a'), 'a'.repeat(9000));
  await writeFile(join(tree, 'below/b'), 'b'.repeat(9000));
  await vault.put('datasets/set', tree);
  await writeFile(join(tree, 'c'), 'c'.repeat(9000));
  await writeFile(join(directory, 'new'), 'new'.repeat(5000));
}
