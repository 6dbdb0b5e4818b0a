import test from 'ava';
import { RoomError } from '../../src/errors.js';
import { IdmapProbes } from '../../src/host/idmap-probes.js';
import { resolveMounts } from '../../src/host/mount-sources.js';
import type { HostVault } from '../../src/host/vault.js';
import { WrittenTrees } from '../../src/host/written-trees.js';
import { madeUpFiles, madeUpSources } from './made-up-files.js';

const stored = (index: number, reference: string) =>
  ({ kind: 'vault', index, reference, at: `/m${index}`, noExec: false }) as const;

/** A vault with one thing in it. */
const vault: HostVault = {
  locate: async (reference) => {
    if (reference === 'models/link') return { reference: 'models/link@1', path: '/srv/link' };
    if (reference.startsWith('datasets/d')) return { reference: 'datasets/d@3', path: '/srv/data' };
    throw new RoomError('ERR_VAULT_NO_ENTRY', `the vault has no ${reference}`, { hint: 'there is d' });
  },
  lease: () => Promise.reject(new Error('nothing is held while a spec is looked up')),
  dropzone: () => Promise.reject(new Error('nothing is made while a spec is looked up')),
  nixPlaces: () => Promise.reject(new Error('nobody asked for Nix')),
  nixInbox: () => Promise.reject(new Error('nothing is made while a spec is looked up')),
  nixShared: () => Promise.reject(new Error('nothing is held while a spec is looked up')),
};

const host = {
  sources: madeUpSources(
    madeUpFiles({
      '/srv/data': { kind: 'directory', uid: 1000, gid: 1001, dev: 'disk' },
      '/srv/link': { linkTo: '/srv/data' },
    }),
  ),
  idmaps: new IdmapProbes(async () => true),
  written: new WrittenTrees(async () => true),
  vault,
};

test('what the vault has: the generation is chosen, and mounted as a directory of the host is', async (t) => {
  const room = await resolveMounts([stored(0, 'datasets/d')], 'mapped', host);
  t.deepEqual(room.mounts, [
    {
      kind: 'stored',
      reference: 'datasets/d@3',
      source: '/srv/data',
      sourceKind: 'directory',
      at: '/m0',
      access: 'read',
      noExec: false,
      recursive: false,
      owner: { uid: 1000, gid: 1001 },
    },
  ]);
  t.deepEqual(room.used, [{ field: 'mounts[0].vault', reference: 'datasets/d@3' }]);
});

test('what the vault does not have, by the field that names it', async (t) => {
  const error = await t.throwsAsync(resolveMounts([stored(2, 'models/m')], 'mapped', host));
  t.like(error, {
    code: 'ERR_VAULT_NO_ENTRY',
    message: 'mounts[2].vault: the vault has no models/m',
    hint: 'there is d',
  });
});

test('a link on the way is no way into the vault', async (t) => {
  const error = await t.throwsAsync(resolveMounts([stored(0, 'models/link')], 'mapped', host));
  t.like(error, { code: 'ERR_VAULT_DAMAGED', path: '/srv/link' });
  t.regex(error.message, /^mounts\[0\]\.vault: .* symbolic link/);
});
