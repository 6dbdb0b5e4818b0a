// A vault and what comes into it on one file system that shares blocks: nothing is written, and all of it is read back from the disk.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { open, readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { Json, TransferOrder } from '../../types/addon.js';
import { loadAddon } from '../../src/addon/load.js';
import { Vault } from '../../src/index.js';
import { cachedBytes } from '../helpers/cached-bytes.js';
import { loopDrive, mountDrive } from '../helpers/loop-drive.js';

const run = promisify(execFile);
const { addon } = loadAddon();
const MiB = 1 << 20;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Bytes that are taken on the disk of a path. */
async function taken(path: string): Promise<number> {
  const { blocks, bfree, bsize } = await statfs(path);
  return (blocks - bfree) * bsize;
}

for (const type of ['xfs', 'btrfs'] as const) {
  test.serial(
    `${type}: what is put and got shares the blocks of its source until that is changed`,
    async (t) => {
      t.timeout(120_000);
      const mount = await mountDrive(t, await loopDrive(t, type, 400));
      const source = join(mount, 'source');
      // 60 MiB of data around a hole of 20, and an end within a block.
      const bytes = Buffer.concat([
        randomBytes(30 * MiB),
        Buffer.alloc(20 * MiB),
        randomBytes(30 * MiB + 1234),
      ]);
      const file = await open(source, 'wx');
      await file.write(bytes, 0, 30 * MiB, 0);
      await file.write(bytes, 50 * MiB, undefined, 50 * MiB);
      await file.sync();
      const vault = await Vault.init(join(mount, 'vault'));
      t.teardown(() => vault.close());
      const before = await taken(mount);

      const { path, meta } = await vault.put('models/m', source);
      t.deepEqual([meta.sha256, meta.size], [sha256(bytes), bytes.length]);
      await vault.get('models/m', join(mount, 'got'));
      await file.sync();
      const grown = (await taken(mount)) - before;
      t.true(grown < 8 * MiB, `${grown} bytes more are taken`);

      // Whoever changes one of them has blocks of his own from then on.
      await file.write(randomBytes(MiB), 0, MiB, 10 * MiB);
      await file.close();
      await writeFile(join(mount, 'got'), 'other', { flag: 'r+' });
      t.true(bytes.equals(await readFile(path)));
      t.true((await vault.verify()).ok);
    },
  );

  test.serial(`${type}: of a clone the digests are those of its source, and it is read back`, async (t) => {
    t.timeout(120_000);
    const mount = await mountDrive(t, await loopDrive(t, type, 400));
    // Nobody has brought them to the disk yet, or nobody has them in memory any more.
    for (const synced of [false, true]) {
      const [from, to] = [`from-${synced}`, `to-${synced}`];
      const bytes = randomBytes(24 * MiB + 4321);
      await writeFile(join(mount, from), bytes);
      if (synced) {
        await bringToDisk(join(mount, from));
        const back = await new addon.Transfer(order(mount, from, '', true)).run();
        t.is(back[0]?.sha256, sha256(bytes));
      }
      t.is((await cachedBytes(join(mount, from))) > 12 * MiB, !synced);
      const transfer = new addon.Transfer(order(mount, from, join(mount, to), false));
      const [result] = await transfer.run();
      // Of a copy of this size nothing is read back while it is written: this was none.
      t.like(result, { size: bytes.length, sha256: sha256(bytes), readBack: 'same', shared: true });
      t.true((await cachedBytes(join(mount, to))) < MiB);
      t.deepEqual(transfer.progress(), { bytes: bytes.length, verified: bytes.length, file: 1 });
      t.true(bytes.equals(await readFile(join(mount, to))));
    }
  });
}

function order(root: string, source: string, target: string, pastCache: boolean): Json<TransferOrder> {
  const file = { source, target, expected: '', mode: 0o600, offset: 0, length: null, continues: false };
  const how = { sha256: true, blake3: true, sparse: true, pastCache, readBack: true, share: true };
  return JSON.stringify({ root, files: [file], ...how });
}

async function bringToDisk(path: string): Promise<void> {
  const file = await open(path);
  await file.sync();
  await file.close();
}

test.serial('where data begins within a page, that is read of the clone as everybody reads', async (t) => {
  t.timeout(120_000);
  const mount = await mountDrive(t, await loopDrive(t, 'xfs', 400, ['-b', 'size=1024', '-m', 'reflink=1']));
  const bytes = randomBytes(12 * MiB);
  const hole = [5 * MiB + 1024, 2 * MiB] as const;
  bytes.fill(0, hole[0], hole[0] + hole[1]);
  await writeFile(join(mount, 'from'), bytes);
  const [offset, length] = hole.map(String) as [string, string];
  await run('fallocate', ['--punch-hole', '--offset', offset, '--length', length, join(mount, 'from')]);
  const [result] = await new addon.Transfer(order(mount, 'from', join(mount, 'to'), false)).run();
  // It is for the caller to read it back.
  t.like(result, { sha256: sha256(bytes), shared: true, readBack: '' });
  t.true(bytes.equals(await readFile(join(mount, 'to'))));
  const vault = await Vault.init(join(mount, 'vault'));
  t.teardown(() => vault.close());
  t.is((await vault.put('models/m', join(mount, 'from'))).meta.sha256, sha256(bytes));
  t.true((await vault.verify()).ok);
});

test.serial(
  'a disk that has other bytes than what was written: what the page cache has is stored',
  async (t) => {
    t.timeout(120_000);
    const drive = await loopDrive(t, 'xfs', 400);
    const mount = await mountDrive(t, drive);
    const source = join(mount, 'source');
    const bytes = randomBytes(24 * MiB);
    const file = await open(source, 'wx');
    await file.write(bytes);
    await file.sync();
    await file.close();
    // The page cache has it as it was written.
    const image = await open(drive.image, 'r+');
    const marker = bytes.subarray(10 * MiB, 10 * MiB + 64);
    const at = (await readFile(drive.image)).indexOf(marker);
    t.true(at > 0);
    await image.write(Buffer.from([marker[0]! ^ 1]), 0, 1, at);
    await image.close();

    const vault = await Vault.init(join(mount, 'vault'));
    t.teardown(() => vault.close());
    const [clone] = await new addon.Transfer(order(mount, 'source', join(mount, 'clone'), false)).run();
    t.like(clone, { readBack: 'other', shared: true });
    t.is((await vault.put('models/m', source)).meta.sha256, sha256(bytes));
    t.true((await vault.verify()).ok);
  },
);
