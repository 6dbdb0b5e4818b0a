// A process that packs or receives a capsule is killed before its system calls that change the file system (helpers/driven.ts says which), in turn, and meets devices
// that fail or lie. A capsule is there whole or not at all, and what a vault had stays whole.
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Vault, verifyCapsule } from '../../src/index.js';
import { sample } from '../capsule/sample.js';
import { drivenBy, faulty } from './helpers/driven.js';

const { driven, atEveryStep } = drivenBy('test/fault/helpers/capsule-driver');

async function removeCapsules(directory: string): Promise<void> {
  for (const name of ['tiny.capsule', 'tiny.capsule.partial'])
    await rm(join(directory, name), { recursive: true, force: true });
}

test.serial('packing, killed on its way', async (t) => {
  t.timeout(600_000);
  const { directory } = await sample(t);
  const capsule = join(directory, 'tiny.capsule');
  const before = await readdir(directory);
  const { states, calls, problems } = await atEveryStep(
    directory,
    'pack',
    () => removeCapsules(directory),
    async (told) => {
      const there = (await readdir(directory)).filter((name) => !before.includes(name));
      const whole = there.includes('tiny.capsule') ? (await verifyCapsule(capsule)).ok : null;
      if (whole === false) return ['there, and not whole'];
      if (told && whole === null) return ['told, and not there'];
      if (there.some((name) => !name.startsWith('tiny.capsule'))) return [`left: ${there.join(' ')}`];
      return [];
    },
  );
  t.log(`${calls} calls, ${states} states, ${problems.length} violations`);
  t.deepEqual(problems, []);
  t.true(calls > 30, String(calls));
  t.true((await verifyCapsule(capsule)).ok, 'the last one was not killed');
});

test.serial('receiving, killed on its way', async (t) => {
  t.timeout(600_000);
  const { directory } = await sample(t);
  t.is(await driven([], directory, 'pack'), 'done\n');
  const path = join(directory, 'vault');
  const template = join(directory, 'template');
  await (await oldVault(template, directory)).close();
  const { states, calls, problems } = await atEveryStep(
    directory,
    'receive',
    async () => {
      for (const old of [path, join(directory, 'temporary')]) await rm(old, { recursive: true, force: true });
      await mkdir(join(directory, 'temporary'));
      await cp(template, path, { recursive: true, verbatimSymlinks: true });
    },
    async (told) => {
      await using vault = await Vault.open(path);
      // Whoever comes next puts it in order.
      await vault.put('datasets/next', join(directory, 'tiny.gguf'));
      const { ok } = await vault.verify();
      const active = (await vault.inspect('models/tiny.gguf')).generation;
      if (!ok) return ['the vault is not whole'];
      if (active !== 1 && active !== 2) return [`generation ${active} is active`];
      return told && active !== 2 ? ['told, and not active'] : [];
    },
  );
  t.log(`${calls} calls, ${states} states, ${problems.length} violations`);
  t.deepEqual(problems, []);
  t.true(calls > 40, String(calls));
});

async function oldVault(path: string, directory: string): Promise<Vault> {
  const vault = await Vault.init(path);
  for (const name of ['models/tiny.gguf', 'planks/tiny']) await vault.put(name, join(directory, 'net'));
  return vault;
}

const faults: readonly (readonly [what: string, inject: string, code: string])[] = [
  ['a write that is lost in part', 'pwrite64:retval=4096:when=1', 'ERR_VAULT_DAMAGED'],
  ['a full disk', 'pwrite64:error=ENOSPC:when=1', 'ERR_VAULT_NO_SPACE'],
  ['a write that fails', 'pwrite64:error=EIO:when=1', 'ERR_VAULT_IO'],
  ['an fsync that fails once', 'fsync:error=EIO:when=1', 'ERR_VAULT_IO'],
  ['a rename that fails', 'rename:error=EIO:when=1', 'ERR_VAULT_IO'],
  ['a disk that is read-only', 'mkdir:error=EROFS:when=1', 'ERR_VAULT_READ_ONLY'],
];

for (const [what, inject, code] of faults) {
  test.serial(`packing meets ${what}`, async (t: ExecutionContext) => {
    const { directory } = await sample(t);
    const before = await readdir(directory);
    t.is(await driven(faulty(inject), directory, 'pack'), `${code}\n`);
    t.deepEqual(await readdir(directory), before, 'nothing is left');
    t.is(await driven([], directory, 'pack'), 'done\n');
  });
}
