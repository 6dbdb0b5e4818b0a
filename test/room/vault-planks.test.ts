import { mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Anchor, Vault, type ErrorCode, type RoomError } from '../../src/index.js';
import { busyboxPlank, scratch } from '../helpers/image.js';

async function world(t: ExecutionContext): Promise<{ anchor: Anchor; vault: Vault; directory: string }> {
  const directory = await scratch(t);
  const vault = await Vault.init(join(directory, 'vault'));
  await vault.put('planks/busybox', await busyboxPlank('erofs'));
  await vault.put('planks/busybox', await busyboxPlank());
  const anchor = await Anchor.open({ vault: vault.path, reserve: 0 });
  t.teardown(async () => {
    await anchor.close();
    await vault.close();
  });
  return { anchor, vault, directory };
}

const leases = (vault: Vault): Promise<string[]> => readdir(join(vault.path, 'leases'));

test('a plank by its name: the active generation, or the one that is named', async (t) => {
  const { anchor, vault } = await world(t);
  const which = async (plank: string): Promise<unknown> => {
    const { stdout, room } = await anchor.run({ plank, command: ['echo', 'here'] });
    t.is(stdout, 'here\n');
    const { vault: reference, format } = room.granted.plank;
    return { reference, format };
  };
  const second = { reference: 'planks/busybox@2', format: 'squashfs' };
  t.deepEqual(await which('busybox'), second);
  t.deepEqual(await which('busybox@1'), { reference: 'planks/busybox@1', format: 'erofs' });
  t.deepEqual(await which('busybox@2'), second);
  await vault.rollback('planks/busybox');
  t.deepEqual(await which('busybox'), { reference: 'planks/busybox@1', format: 'erofs' });
  const { sha256 } = (await vault.inspect('planks/busybox@2')).meta;
  const digest = { plankDigest: `sha256:${sha256}` };
  t.is((await anchor.run({ plank: 'busybox@2', ...digest, command: ['true'] })).outcome.exitCode, 0);
  const wrong = await t.throwsAsync<RoomError>(
    anchor.spawn({ plank: 'busybox@1', ...digest, command: ['true'] }),
  );
  t.is(wrong.code, 'ERR_ROOM_PLANK_DIGEST');
});

test('it is held while the room lives', async (t) => {
  const { anchor, vault } = await world(t);
  const room = await anchor.spawn({ plank: 'busybox@1', command: ['sleep', '1000'] });
  const held = await t.throwsAsync<RoomError>(vault.remove('planks/busybox@1'));
  t.is(held.code, 'ERR_VAULT_IN_USE');
  t.true(held.message.includes(room.id));
  await room.destroy();
  t.deepEqual(await vault.remove('planks/busybox@1'), ['planks/busybox@1']);
  await t.throwsAsync(anchor.plan({ plank: 'busybox@1', command: ['true'] }), {
    message: /^plank: the vault has no such generation/,
  });
  t.deepEqual(await leases(vault), []);
});

test('what is kept ready for a plank follows the active generation', async (t) => {
  const { anchor: none, vault } = await world(t);
  await none.close();
  await using anchor = await Anchor.open({ vault: vault.path, reserve: 4 });
  const run = async (): Promise<unknown> => {
    const { room } = await anchor.run({ plank: 'busybox', command: ['true'] });
    await room.removed;
    await anchor.ready();
    return room.granted.plank.vault;
  };
  t.deepEqual([await run(), await run(), await run()], Array(3).fill('planks/busybox@2'));
  t.true((await leases(vault)).length > 0, 'rooms wait');
  await vault.rollback('planks/busybox');
  t.deepEqual([await run(), await run()], Array(2).fill('planks/busybox@1'));
  await anchor.close();
  t.deepEqual(await leases(vault), []);
});

test('what is no plank, or not there, or not what was stored', async (t) => {
  const { anchor, vault, directory } = await world(t);
  const refused = async (plank: string, code: ErrorCode, on = anchor): Promise<void> => {
    const error = await t.throwsAsync<RoomError>(on.spawn({ plank, command: ['true'] }));
    t.is(error.code, code, error.message);
  };
  await mkdir(join(directory, 'tree'));
  await writeFile(join(directory, 'tree/file'), 'x');
  await vault.put('planks/tree', join(directory, 'tree'));
  await vault.put('planks/text', join(directory, 'tree/file'));
  await refused('other', 'ERR_VAULT_NO_ENTRY');
  await refused('tree', 'ERR_ROOM_PLANK_INVALID');
  await refused('text', 'ERR_ROOM_PLANK_INVALID');
  const content = join(vault.path, 'planks/.gen/busybox/0002/busybox');
  await rename(content, join(directory, 'elsewhere'));
  await symlink(join(directory, 'elsewhere'), content);
  await refused('busybox', 'ERR_VAULT_DAMAGED');
  await using without = await Anchor.open({ reserve: 0 });
  await refused('busybox', 'ERR_ROOM_NO_VAULT', without);
  t.deepEqual(await leases(vault), []);
});
