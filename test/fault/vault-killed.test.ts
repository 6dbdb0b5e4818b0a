// A process that changes a vault is killed before each of its system calls that changes the file system, in turn. Whatever it had
// done by then: what was stored is whole, the old state or the new one is there, and the next change works.
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { Vault } from '../../src/index.js';
import { cProgram } from '../helpers/c-program.js';
import { scratch } from '../helpers/image.js';

const run = promisify(execFile);
const driver = fileURLToPath(new URL('./helpers/vault-driver.js', import.meta.url));

interface Change {
  readonly name: string;
  readonly words: (directory: string) => readonly string[];
  /** What may be seen afterwards, told or not: a list of `reference:active`. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Calls that it makes at least: fewer means that the killer sees nothing. */
  readonly least: number;
}

const untouched = ['datasets/set@1*', 'models/tiny@1', 'models/tiny@2', 'models/tiny@3*'];

const changes: readonly Change[] = [
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
];

for (const change of changes) {
  test.serial(`${change.name} ${change.words('')[0] ?? ''}, killed at every step`, async (t) => {
    t.timeout(600_000);
    const { directory, template } = await prepared(t);
    const killer = await cProgram('test/fault/programs/killer');
    const vault = join(directory, 'vault');
    const words = [vault, change.name, ...change.words(directory)];
    const violations: string[] = [];
    let states = 0;
    for (let nth = 1; ; nth += 1) {
      await rm(vault, { recursive: true, force: true });
      await cp(template, vault, { recursive: true, verbatimSymlinks: true });
      const told = await killedAt(killer, nth, words);
      for (const problem of await problemsOf(vault, change, told.done, directory))
        violations.push(`call ${nth}: ${problem}`);
      states += 1;
      if (told.calls < nth) break;
    }
    t.log(`${states} states, ${violations.length} violations`);
    t.true(states > change.least, String(states));
    t.deepEqual(violations, []);
  });
}

test.serial('init, killed at every step', async (t) => {
  const directory = await scratch(t);
  const killer = await cProgram('test/fault/programs/killer');
  const vault = join(directory, 'vault');
  for (let nth = 1; ; nth += 1) {
    await rm(vault, { recursive: true, force: true });
    const told = await killedAt(killer, nth, [vault, 'init']);
    // It is one, or can be made one.
    const opened = await Vault.open(vault).catch(() => null);
    if (told.done) t.not(opened, null);
    await using made = opened ?? (await Vault.init(vault));
    await writeFile(join(directory, 'file'), 'content');
    t.is((await made.put('models/a', join(directory, 'file'))).generation, 1, `call ${nth}`);
    t.true((await made.verify()).ok);
    if (told.calls < nth) break;
  }
});

/** A vault with some generations, and what is put next. */
async function prepared(t: ExecutionContext): Promise<{ directory: string; template: string }> {
  const directory = await scratch(t);
  const template = join(directory, 'template');
  await using vault = await Vault.init(template);
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
  return { directory, template };
}

async function killedAt(
  killer: string,
  nth: number,
  words: readonly string[],
): Promise<{ calls: number; done: boolean }> {
  const { stdout } = await run(killer, [String(nth), process.execPath, driver, ...words]).catch(
    (error: unknown) => error as { stdout: string },
  );
  return { calls: Number(/calls (\d+)/.exec(stdout)?.[1]), done: stdout.includes('done\n') };
}

async function problemsOf(path: string, change: Change, told: boolean, directory: string): Promise<string[]> {
  const problems: string[] = [];
  await using vault = await Vault.open(path);
  const look = async (): Promise<string[]> =>
    (await vault.list())
      .flatMap(({ reference, generations }) =>
        generations.map(({ generation, active }) => `${reference}@${generation}${active ? '*' : ''}`),
      )
      .sort();
  const whole = async (when: string): Promise<void> => {
    const { ok, generations, log } = await vault.verify();
    if (!ok)
      problems.push(
        `${when} not whole: ${JSON.stringify([generations.filter((each) => !each.ok), log.problems])}`,
      );
  };
  // Not yet put in order: readers see the one or the other, but for the number of a generation that nobody activated.
  const seen = (await look()).join(' ');
  const active = (states: readonly string[]): string => states.filter((each) => each.endsWith('*')).join(' ');
  if (![active(change.before), active(change.after)].includes(active(seen.split(' '))))
    problems.push(`active: ${seen}`);
  if (told && seen !== change.after.join(' ')) problems.push(`told, but there is ${seen}`);

  await writeFile(join(directory, 'next'), 'next'.repeat(5000));
  await vault.put('flakes/next', join(directory, 'next'));
  const ordered = (await look()).filter((each) => !each.startsWith('flakes/')).join(' ');
  if (![change.before.join(' '), change.after.join(' ')].includes(ordered))
    problems.push(`neither: ${ordered}`);
  await whole('after the next change');
  for (const place of ['stage', 'trash', 'leases']) {
    const left = await readdir(join(path, place));
    if (left.length > 0) problems.push(`left in ${place}: ${left.join(', ')}`);
  }
  return problems;
}
