import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Anchor, Vault, type RoomError } from '../../src/index.js';
import { scratch } from '../helpers/image.js';

test('an Anchor has the vault that it was opened with, and closes it', async (t) => {
  const directory = await scratch(t);
  const path = join(directory, 'vault');
  const { id } = await Vault.init(path).then(async (vault) => {
    await vault.close();
    return vault;
  });
  await writeFile(join(directory, 'm'), 'm');
  const anchor = await Anchor.open({ reserve: 0, vault: path });
  t.is(anchor.vault?.id, id);
  await anchor.vault?.put('models/m', join(directory, 'm'));
  // Another one on the same vault.
  const other = await Anchor.open({ reserve: 0, vault: { path, id } });
  const lease = await other.vault?.lease('models/m@1');
  const held = await t.throwsAsync<RoomError>(anchor.vault!.remove('models/m'));
  t.is(held.code, 'ERR_VAULT_IN_USE');
  // What its programs held goes with it.
  await other.close();
  t.truthy(lease);
  t.deepEqual(await anchor.vault?.remove('models/m'), ['models/m@1']);
  await anchor.close();
  t.is((await t.throwsAsync<RoomError>(anchor.vault!.list())).code, 'ERR_VAULT_CLOSED');
});

test('an Anchor without its vault is none', async (t) => {
  const directory = await scratch(t);
  t.is((await t.throwsAsync<RoomError>(Anchor.open({ vault: directory }))).code, 'ERR_VAULT_NOT_FOUND');
  for (const vault of [3, null, {}, { path: 1 }, { path: directory, more: 1 }, ''])
    t.regex((await t.throwsAsync(Anchor.open({ vault } as never))).message, /^vault/);
  const anchor = await Anchor.open({ reserve: 0 });
  t.is(anchor.vault, null);
  await anchor.close();
});
