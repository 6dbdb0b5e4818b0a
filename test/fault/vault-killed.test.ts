// A process that changes a vault is killed before each of its system calls that changes the file system, in turn. Whatever it had
// done by then: what was stored is whole, the old state or the new one is there, and the next change works.
import { execFile } from 'node:child_process';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { Vault } from '../../src/index.js';
import { cProgram } from '../helpers/c-program.js';
import { scratch } from '../helpers/image.js';
import { joinedProgram } from '../helpers/joined-program.js';
import { changes, prepare } from './helpers/vault-changes.js';
import { problemsOf } from './helpers/vault-problems.js';

const run = promisify(execFile);
let driver = '';

test.before(async () => {
  driver = await joinedProgram('test/fault/helpers/vault-driver');
});

for (const change of changes) {
  test.serial(`${change.name} ${change.words('')[0] ?? ''}, killed at every step`, async (t) => {
    t.timeout(600_000);
    const directory = await scratch(t);
    const template = join(directory, 'template');
    await prepare(template, directory);
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

async function killedAt(
  killer: string,
  nth: number,
  words: readonly string[],
): Promise<{ calls: number; done: boolean }> {
  const { stdout } = await run(killer, ['kill', String(nth), process.execPath, driver, ...words]).catch(
    (error: unknown) => error as { stdout: string },
  );
  return { calls: Number(/calls (\d+)/.exec(stdout)?.[1]), done: stdout.includes('done\n') };
}
