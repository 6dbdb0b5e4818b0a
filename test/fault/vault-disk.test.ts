// Disks that are full, read-only, or not there. What was stored stays whole, nothing is left of what failed, and it works again when
// the disk does.
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { Vault, type RoomError } from '../../src/index.js';
import { scratch } from '../helpers/image.js';

const run = promisify(execFile);

/** A small file system that goes with the test. */
async function disk(
  t: ExecutionContext,
  kind: 'ext4' | 'tmpfs',
  megabytes: number,
): Promise<{ directory: string; mount: string }> {
  const directory = await scratch(t);
  const mount = join(directory, 'disk');
  await mkdir(mount);
  if (kind === 'tmpfs')
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,nr_inodes=200`, 'vault-test', mount]);
  else {
    const image = join(directory, 'image');
    await writeFile(image, '');
    await truncate(image, megabytes << 20);
    await run('mkfs.ext4', ['-q', '-m', '0', image]);
    await run('mount', ['-o', 'loop', image, mount]);
  }
  // Not lazily: a descriptor that was left open is found here.
  t.teardown(() => run('umount', [mount]));
  return { directory, mount };
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

for (const kind of ['ext4', 'tmpfs'] as const) {
  test.serial(
    `a full ${kind}: refused before, or undone when somebody else fills it meanwhile`,
    async (t) => {
      const { directory, mount } = await disk(t, kind, 48);
      await using vault = await Vault.init(mount, { mounted: true });
      const small = join(directory, 'small');
      await writeFile(small, 'small'.repeat(1000));
      await vault.put('models/m', small);
      const before = await freeBytes(mount);

      const large = join(directory, 'large');
      await writeFile(large, Buffer.alloc(60 << 20, 'x'));
      const refused = await t.throwsAsync<RoomError>(vault.put('models/m', large));
      t.is(refused.code, 'ERR_VAULT_NO_SPACE');
      t.regex(refused.message, /are needed .* are free/);

      // It would fit, until a neighbour comes: without `reserve` there is nothing that could keep him off.
      await truncate(large, 24 << 20);
      const neighbour = join(mount, 'neighbour');
      let came: Promise<unknown> | undefined;
      const failed = await vault
        .put('models/m', large, {
          onProgress: ({ phase }) => {
            if (phase === 'copy')
              came ??= run('sh', ['-c', 'head -c 60000000 /dev/zero > "$1" || true', 'sh', neighbour]);
          },
        })
        .then(
          () => null,
          (error: unknown) => error as RoomError,
        );
      await came;
      await rm(neighbour, { force: true });
      // Who was first is up to the kernel: all of it is there, or nothing, or all but the last line of the log, which the next who
      // comes adds.
      const codes = [undefined, 'ERR_VAULT_NO_SPACE', 'ERR_VAULT_UNCERTAIN'];
      t.true(codes.includes(failed?.code), failed?.message);
      if (failed?.code === 'ERR_VAULT_NO_SPACE') t.true((await freeBytes(mount)) > before - (1 << 20));
      t.true((await vault.put('models/m', small)).generation >= 2);
      t.true((await vault.verify()).ok);
      t.deepEqual(await readdir(join(mount, 'stage')), []);
    },
  );
}

test.serial('every number of inodes that is too small', async (t) => {
  const { directory, mount } = await disk(t, 'tmpfs', 32);
  const small = join(directory, 'small');
  await writeFile(small, 'small'.repeat(1000));
  const outcomes: string[] = [];
  for (let left = 1; outcomes.at(-1) !== 'whole' && left < 40; left += 1) {
    const vault = await Vault.init(join(mount, 'vault'));
    await vault.put('models/m', small);
    const filler = join(mount, 'filler');
    await mkdir(filler);
    for (let count = (await statfs(mount)).ffree; count > left; count -= 1)
      await writeFile(join(filler, String(count)), '');
    const error = await vault.put('models/new', small).then(
      () => null,
      (thrown: unknown) => thrown as RoomError,
    );
    outcomes.push(error?.code ?? 'whole');
    await rm(filler, { recursive: true });
    // Undone, or finished by the next who comes.
    t.is((await vault.put('models/m', small)).generation, 2);
    const names = (await vault.list()).map(({ reference }) => reference);
    if (error === null) t.deepEqual(names, ['models/m', 'models/new']);
    else if (error.code !== 'ERR_VAULT_UNCERTAIN') t.deepEqual(names, ['models/m']);
    t.true((await vault.verify()).ok, `with ${left} inodes`);
    t.deepEqual(await readdir(join(vault.path, 'stage')), []);
    await vault.close();
    await rm(vault.path, { recursive: true });
  }
  t.log(outcomes.join(' '));
  t.is(outcomes.at(-1), 'whole');
  t.true(outcomes.length > 4);
  t.deepEqual(
    [...new Set(outcomes)].filter((code) => !/^whole$|NO_SPACE|UNCERTAIN/.test(code)),
    [],
  );
});

test.serial('a read-only disk can be read, and says what it is when it is to be changed', async (t) => {
  const { directory, mount } = await disk(t, 'ext4', 32);
  const vault = await Vault.init(mount, { mounted: true });
  await writeFile(join(directory, 'm'), 'm');
  await vault.put('models/m', join(directory, 'm'));
  await vault.close();
  await run('mount', ['-o', 'remount,ro', mount]);
  await using readOnly = await Vault.open(mount);
  for (const work of [
    () => readOnly.put('models/m', join(directory, 'm')),
    () => readOnly.remove('models/m'),
    () => readOnly.collect(),
    () => readOnly.lease('models/m'),
  ])
    t.is((await t.throwsAsync<RoomError>(work())).code, 'ERR_VAULT_READ_ONLY');
  await readOnly.get('models/m', join(directory, 'out'));
  t.is(await readFile(join(directory, 'out'), 'utf8'), 'm');
  t.true((await readOnly.verify()).ok);
});

test.serial(
  'a vault on a disk that is not mounted is no vault, and nothing is written in its place',
  async (t) => {
    const { directory, mount } = await disk(t, 'ext4', 32);
    const vault = await Vault.init(mount, { mounted: true });
    await writeFile(join(directory, 'm'), 'm');
    await vault.put('models/m', join(directory, 'm'));
    const copy = join(directory, 'copy');
    await run('cp', ['-a', mount, copy]);
    t.is((await t.throwsAsync<RoomError>(Vault.open(copy))).code, 'ERR_VAULT_NOT_MOUNTED');
    await run('umount', ['--lazy', mount]);
    t.is(
      (await t.throwsAsync<RoomError>(vault.put('models/m', join(directory, 'm')))).code,
      'ERR_VAULT_OTHER',
    );
    t.is((await t.throwsAsync<RoomError>(Vault.open(mount))).code, 'ERR_VAULT_NOT_FOUND');
    t.deepEqual(await readdir(mount), []);
    await vault.close();
    await run('mount', ['-o', 'loop', join(directory, 'image'), mount]);
    t.true(await Vault.open(mount).then(async (again) => (await again.verify()).ok));
  },
);

test.serial('a file system whose permissions forbid it', async (t) => {
  const directory = await scratch(t);
  await using vault = await Vault.init(join(directory, 'vault'));
  await writeFile(join(directory, 'm'), 'm');
  await run('chattr', ['+i', join(vault.path, 'stage')]).catch(() => undefined);
  t.teardown(() => run('chattr', ['-i', join(vault.path, 'stage')]).catch(() => undefined));
  const error = await vault.put('models/m', join(directory, 'm')).then(
    () => null,
    (thrown: unknown) => thrown as RoomError,
  );
  // Not every file system has that flag.
  if (error !== null) t.like(error, { code: 'ERR_VAULT_IO', step: 'vault.stage', syscall: 'mkdir' });
  await run('chattr', ['-i', join(vault.path, 'stage')]).catch(() => undefined);
  await chmod(join(vault.path, 'stage'), 0o755);
  t.true((await vault.put('models/m', join(directory, 'm'))).active);
});
