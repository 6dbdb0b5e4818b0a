// A process that sends is killed before its system calls that change a file system (helpers/driven.ts says which), in turn, and meets devices that fail or lie.
// A parcel is there whole or not at all, the next attempt goes on, and the source stays as it is.
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Vault, verifyParcel } from '../../src/index.js';
import { namesIn } from '../../src/vault/durable.js';
import { sample } from '../capsule/sample.js';
import { drivenBy, faulty } from './helpers/driven.js';

const { driven, atEveryStep } = drivenBy('test/fault/helpers/courier-driver');

test.serial('sending to a directory, killed on its way, and sent again', async (t) => {
  t.timeout(900_000);
  const { directory } = await sample(t);
  const to = join(directory, 'to');
  const parcel = join(to, 'load.parcel');
  const before = await readFile(join(directory, 'tiny.gguf'));
  let resumed = 0;
  const { states, calls, problems } = await atEveryStep(
    directory,
    'directory',
    () => rm(to, { recursive: true, force: true }),
    async (told) => {
      const there = await namesIn(to);
      const strange = there.filter(
        (name: string) => !['load.parcel', 'load.parcel.partial', '.anchor-courier.lock'].includes(name),
      );
      if (strange.length > 0) return [`left: ${strange.join(' ')}`];
      const whole = there.includes('load.parcel') ? (await verifyParcel(parcel)).ok : null;
      if (whole === false) return ['there, and not whole'];
      if (told && whole === null) return ['told, and not there'];
      if (whole === true) return [];
      // The same again, in the middle of what was left.
      resumed += 1;
      const said = await driven([], directory, 'directory');
      if (said !== 'done\n') return [`not to be gone on with: ${said.trim()}`];
      if (!(await verifyParcel(parcel)).ok) return ['gone on with, and not whole'];
      const left = await readdir(to);
      return left.length === 1 ? [] : [`left after it went on: ${left.join(' ')}`];
    },
  );
  t.log(`${calls} calls, ${states} states, ${resumed} gone on with, ${problems.length} violations`);
  t.deepEqual(problems, []);
  t.true(calls > 40 && resumed > states / 2, `${calls} ${states} ${resumed}`);
  t.true(before.equals(await readFile(join(directory, 'tiny.gguf'))));
});

test.serial('sending to a vault, killed on its way', async (t) => {
  t.timeout(900_000);
  const { directory } = await sample(t);
  const vaults = ['vault', 'other'] as const;
  for (const name of vaults) {
    await using vault = await Vault.init(join(directory, `${name}.template`));
    await vault.put('models/tiny.gguf', join(directory, name === 'vault' ? 'tiny.gguf' : 'net'));
  }
  const { states, calls, problems } = await atEveryStep(
    directory,
    'vault',
    async () => {
      for (const name of vaults) {
        await rm(join(directory, name), { recursive: true, force: true });
        await cp(join(directory, `${name}.template`), join(directory, name), {
          recursive: true,
          verbatimSymlinks: true,
        });
      }
    },
    async (told) => {
      const active: number[] = [];
      for (const name of vaults) {
        await using vault = await Vault.open(join(directory, name));
        // Whoever comes next puts it in order.
        await vault.put('datasets/next', join(directory, 'tiny.gguf'));
        if (!(await vault.verify()).ok) return [`${name} is not whole`];
        active.push((await vault.inspect('models/tiny.gguf')).generation);
      }
      const [source, target = 0] = active;
      if (source !== 1) return ['the source was changed'];
      if (target !== 1 && target !== 2) return [`generation ${target} is active`];
      return told && target !== 2 ? ['told, and not active'] : [];
    },
  );
  t.log(`${calls} calls, ${states} states, ${problems.length} violations`);
  t.deepEqual(problems, []);
  t.true(calls > 40, String(calls));
});

const faults: readonly (readonly [what: string, inject: string, code: string, stays: boolean])[] = [
  ['a write that is lost in part', 'pwrite64:retval=4096:when=1', 'ERR_VAULT_DAMAGED', false],
  ['a full disk', 'pwrite64:error=ENOSPC:when=1', 'ERR_VAULT_NO_SPACE', false],
  ['a write that fails', 'pwrite64:error=EIO:when=1', 'ERR_VAULT_IO', true],
  ['an fsync that fails once', 'fsync:error=EIO:when=1', 'ERR_VAULT_IO', true],
  ['a rename that fails', 'rename:error=EIO:when=1', 'ERR_VAULT_IO', true],
  ['a disk that is read-only', 'mkdir:error=EROFS:when=1', 'ERR_VAULT_READ_ONLY', false],
];

for (const [what, inject, code, stays] of faults) {
  test.serial(`sending meets ${what}`, async (t) => {
    const { directory } = await sample(t);
    const to = join(directory, 'to');
    await mkdir(to);
    t.is(await driven(faulty(inject), directory, 'directory'), `${code}\n`);
    t.deepEqual(await readdir(to), stays ? ['load.parcel.partial'] : []);
    t.is(await driven([], directory, 'directory'), 'done\n');
    t.deepEqual(await readdir(to), ['load.parcel']);
    t.true((await verifyParcel(join(to, 'load.parcel'))).ok);
  });
}
