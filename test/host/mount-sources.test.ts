import test from 'ava';
import { IdmapProbes } from '../../src/host/idmap-probes.js';
import { resolveMounts } from '../../src/host/mount-sources.js';
import { WrittenTrees } from '../../src/host/written-trees.js';
import { madeUpFiles, madeUpSources, type MadeUp } from './made-up-files.js';

/** Asks for mounts, by path and whether it is to be written to, and gets their sources. */
type Mounts = (...paths: readonly (readonly [path: string, write?: boolean])[]) => Promise<string[]>;

/** All of one Anchor. */
function mountsOf(tree: Readonly<Record<string, MadeUp>>): Mounts {
  const host = {
    sources: madeUpSources(madeUpFiles(tree)),
    idmaps: new IdmapProbes(async () => true),
    written: new WrittenTrees(async () => true),
    vault: null,
  };
  return async (...paths) => {
    const specs = paths.map(
      ([path, write = false], index) =>
        ({
          kind: 'host',
          index,
          host: path,
          at: `/m${index}`,
          write,
          noExec: false,
          recursive: false,
        }) as const,
    );
    const { mounts } = await resolveMounts(specs, 'host', host);
    return mounts.map((mount) => (mount.kind === 'bind' ? mount.source : ''));
  };
}

const directory = { kind: 'directory' } as const;
const tree = {
  '/srv/data': directory,
  '/srv/data/real': directory,
  '/srv/data/planted': { linkTo: '/srv/more' },
  '/srv/data/below/planted': { linkTo: '../..' },
  '/srv/more': directory,
  '/srv/link': { linkTo: 'data' },
};
const planted = ['/srv/data/planted', '/srv/link/planted', '/srv/data/below/planted/more'];

test('links are followed where no room has written', async (t) => {
  const mounts = mountsOf(tree);
  for (const path of planted) t.deepEqual(await mounts([path]), ['/srv/more'], path);
  t.deepEqual(await mounts(['/srv/link/../data/./real']), ['/srv/data/real']);
});

test('links in what a room may write to are not', async (t) => {
  const mounts = mountsOf(tree);
  await mounts(['/srv/link', true]);
  for (const path of planted) {
    const error = await t.throwsAsync(mounts([path]));
    t.like(error, { code: 'ERR_ROOM_MOUNT_SOURCE', path });
    t.regex(error.message, /^mounts\[0\]\.host: .* symbolic link in \/srv\/data/);
  }
  const others = ['/srv/link', '/srv/data/real', '/srv/link/real/../../more'] as const;
  t.deepEqual(await mounts(...others.map((path) => [path] as const)), [
    '/srv/data',
    '/srv/data/real',
    '/srv/more',
  ]);
  t.deepEqual(await mountsOf(tree)([planted[0] ?? '']), ['/srv/more'], 'another Anchor knows nothing of it');
});

test('nor those in what a room of the same spec may write to, in whatever order', async (t) => {
  for (const order of [(pair: string[]) => pair, (pair: string[]) => pair.reverse()]) {
    const pair = order(['/srv/data', '/srv/data/planted']);
    const error = await t.throwsAsync(
      mountsOf(tree)(...pair.map((path) => [path, path === '/srv/data'] as const)),
    );
    t.like(error, { code: 'ERR_ROOM_MOUNT_SOURCE', path: '/srv/data/planted' });
  }
});

test('what a link that was refused leads to is not taken for written', async (t) => {
  const mounts = mountsOf({ ...tree, '/srv/more/link': { linkTo: '/srv/data/real' } });
  await mounts(['/srv/data', true]);
  await t.throwsAsync(mounts(['/srv/data/planted', true]));
  t.deepEqual(await mounts(['/srv/more/link']), ['/srv/data/real']);
});

test('links in a circle', async (t) => {
  const mounts = mountsOf({ '/srv/a': { linkTo: 'b' }, '/srv/b': { linkTo: 'a' } });
  t.like(await t.throwsAsync(mounts(['/srv/a'])), { code: 'ERR_ROOM_MOUNT_SOURCE' });
});
