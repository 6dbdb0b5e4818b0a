import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  SpecRangeError,
  type EnvironmentEdit,
  type ErrorCode,
  type Flake,
  type RoomError,
} from '../../src/index.js';
import { OfflineFlake } from '../helpers/offline-flake.js';

/** Everything that a declaration may change. */
async function stateOf(offline: OfflineFlake, flake: Flake): Promise<unknown> {
  const entries = await offline.vault.list();
  return [offline.read('anchor.env.json'), entries, await flake.current(), readdirSync(offline.directory)];
}

test('declared, built and active; or nothing has changed', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const flake = await offline.open({ plank: 'agent' });
  t.is(await flake.current(), null);

  // The first one.
  const wrong = await t.throwsAsync(flake.declare({ packages: { add: ['cuont'] } }));
  t.is((wrong as RoomError).code, 'ERR_FLAKE_DECLARATION');
  t.deepEqual(await offline.vault.list(), []);
  const first = await flake.declare({});
  t.deepEqual([first.changes, first.build.reference, first.build.active], [[], 'planks/agent@1', true]);

  const second = await flake.declare({
    packages: { add: ['count'] },
    env: { A: '1' },
    entry: { three: ['count', '3'] },
  });
  t.deepEqual(second.changes, [
    { field: 'packages', name: 'count', after: 'count' },
    { field: 'env', name: 'A', after: '1' },
    { field: 'entry', name: 'three', after: ['count', '3'] },
  ]);
  t.is(second.build.reference, 'planks/agent@2');
  const current = await flake.current();
  t.deepEqual([current?.reference, current?.pending, current?.env], ['planks/agent@2', [], { A: '1' }]);
  t.deepEqual(
    current?.installed.map(({ name, version }) => `${name} ${version}`),
    ['busybox 1', 'count 1', 'hello 2'],
  );
  t.deepEqual(current?.entry, { hello: ['hello'], three: ['count', '3'] });
  t.deepEqual((await flake.declared()).environment, second.declaration);

  // Each fails at another point.
  offline.addPackage('broken', 'echo "cannot find frobnicate"; exit 1');
  const before = await stateOf(offline, flake);
  const failures: readonly [EnvironmentEdit, ErrorCode, RegExp][] = [
    [
      { packages: { add: ['cuont'] } },
      'ERR_FLAKE_DECLARATION',
      /^anchor\.env\.json:6: there is no package "cuont"/,
    ],
    [
      { packages: { add: ['broken'] } },
      'ERR_FLAKE_BUILD',
      /the build of broken failed .*: cannot find frobnicate$/,
    ],
    [{ packages: { remove: ['count'] } }, 'ERR_FLAKE_BUILD', /no package has a program "count"/],
    [{ entry: { x: ['nosuch'] } }, 'ERR_FLAKE_BUILD', /no package has a program "nosuch"/],
  ];
  for (const [edit, code, message] of failures) {
    const error = await t.throwsAsync<RoomError>(flake.declare(edit));
    t.is(error.code, code);
    t.regex(error.message, message);
    t.deepEqual(await stateOf(offline, flake), before);
  }
  await t.throwsAsync(flake.declare({ packages: ['a b'] }), { instanceOf: SpecRangeError });
  t.deepEqual(await stateOf(offline, flake), before);

  // Back, with what was declared then; forward again, to a plank that is known.
  t.is((await flake.rollback()).reference, 'planks/agent@1');
  t.deepEqual((await flake.current())?.pending, []);
  t.deepEqual((await flake.declared()).environment, first.declaration);
  await t.throwsAsync(flake.rollback(), { code: 'ERR_VAULT_NO_ENTRY' });
  const again = await flake.declare({
    packages: { add: ['count'] },
    env: { A: '1' },
    entry: { three: ['count', '3'] },
  });
  t.is(again.build.manifest.plank, second.build.manifest.plank);
  t.is((await flake.current())?.reference, again.build.reference);

  // By hand, and not built.
  offline.edit('anchor.env.json', '"A": "1"', '"A": "2"');
  t.deepEqual((await flake.current())?.pending, [{ field: 'env', name: 'A', before: '1', after: '2' }]);
  offline.write('anchor.env.json', '{');
  t.is((await flake.current())?.pending, null);
  t.true((await offline.vault.verify()).ok);
});

test('who edits the declaration meanwhile wins', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const flake = await offline.open();
  await flake.build();
  const edited = offline.read('anchor.env.json').replace('"env": {}', '"env": { "A": "1" }');
  const work = flake.declare(
    { packages: { add: ['count'] } },
    {
      onProgress: (each) =>
        void (each.type === 'phase' && each.phase === 'store' && offline.write('anchor.env.json', edited)),
    },
  );
  await t.throwsAsync(work, { code: 'ERR_FLAKE_CHANGED' });
  t.is(offline.read('anchor.env.json'), edited);
  t.deepEqual(
    (await offline.vault.list('planks')).map(({ active, generations }) => [active, generations.length]),
    [[1, 1]],
  );
});

test('a first environment that is refused in the end leaves no name', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const flake = await offline.open();
  const edited = offline.read('anchor.env.json').replace('"env": {}', '"env": { "A": "1" }');
  const work = flake.declare(
    { packages: { add: ['count'] } },
    {
      onProgress: (each) =>
        void (each.type === 'phase' && each.phase === 'store' && offline.write('anchor.env.json', edited)),
    },
  );
  await t.throwsAsync(work, { code: 'ERR_FLAKE_CHANGED' });
  t.deepEqual(await offline.vault.list('planks'), []);
  t.deepEqual(readdirSync(join(offline.root, 'tmp')), []);
});
