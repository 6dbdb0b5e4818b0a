import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { buildPlank, Vault, type FlakeProgress } from '../../src/index.js';
import { OfflineFlake } from '../helpers/offline-flake.js';

const run = promisify(execFile);

// The flake without nixpkgs, for real: by Nix, in its sandbox, without network.
test('two stores, a second build, and a packer outside of Nix give one plank', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const hostStore = existsSync('/nix/store');
  const progress: FlakeProgress[] = [];
  const flake = await offline.open();
  const first = await flake.build({ onProgress: (each) => progress.push(each), rebuild: true });

  t.is(first.reference, 'planks/room@1');
  t.true(first.active && first.stored && first.manifest.sandboxed && first.manifest.rebuilt);
  t.is(first.manifest.flakeLock, null);
  t.regex(first.manifest.flake, /^sha256-/);
  t.regex(first.manifest.nix, /^\d+\.\d+/);
  t.deepEqual(
    first.manifest.environment?.installed.map(({ name, version }) => [name, version]),
    [
      ['busybox', '1'],
      ['hello', '2'],
    ],
  );
  const { meta, path } = await offline.vault.inspect(first.reference);
  t.is(`sha256:${meta.sha256}`, first.manifest.plank);
  t.deepEqual(meta.source['manifest'], first.manifest);
  t.deepEqual(
    progress.flatMap((each) => (each.type === 'phase' ? [each.phase] : [])),
    ['inputs', 'evaluate', 'build', 'compare', 'store'],
  );
  t.true(progress.some((each) => each.type === 'build' && each.derivation.endsWith('-hello.drv')));

  // Elsewhere: another vault and another store, and the files have other times.
  await run('find', [offline.directory, '-exec', 'touch', '-h', '-d', '@1700000000', '{}', '+']);
  await using other = await Vault.init(join(offline.root, 'other'));
  const second = await (await offline.open({ vault: other })).build();
  t.deepEqual({ ...second.manifest, rebuilt: true }, first.manifest);

  // The same tree, packed by this package.
  const tree = join(offline.root, 'tree');
  await run('unsquashfs', ['-q', '-n', '-d', tree, path]);
  const packed = await buildPlank({ source: tree, output: join(offline.root, 'outside.sqsh') });
  t.is(packed.identity, first.manifest.plank);

  const again = await flake.build();
  t.deepEqual([again.stored, again.reference], [false, 'planks/room@1']);
  t.deepEqual(readdirSync(join(offline.root, 'tmp')), []);
  t.is(existsSync('/nix/store'), hostStore);
  t.true((await offline.vault.verify()).ok);
});

test('/nix/registration is what Nix wants to load', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const { path, manifest } = await (await offline.open()).build();
  const { stdout: registration } = await run('unsquashfs', ['-cat', path, 'nix/registration']);
  const tree = join(offline.root, 'tree');
  await run('unsquashfs', ['-q', '-n', '-d', tree, path, 'nix/store']);
  const paths = manifest.environment!.installed.map((each) => each.path);
  t.deepEqual(
    readdirSync(join(tree, 'nix/store')).sort(),
    paths.map((each) => each.slice('/nix/store/'.length)).sort(),
  );

  // A store of its own that knows nothing but what the plank says, and looks whether it is true.
  const store = ['--store', tree, '--extra-experimental-features', 'nix-command'];
  const env = { ...process.env, HOME: tree, NIX_CONF_DIR: tree, NIX_CONFIG: 'build-users-group =' };
  const load = run('nix-store', ['--load-db', '--store', tree], { env });
  load.child.stdin!.end(registration);
  await load;
  const { stdout: known } = await run('nix', ['path-info', '--all', ...store], { env });
  t.deepEqual(known.trim().split('\n').sort(), [...paths].sort());
  await t.notThrowsAsync(run('nix', ['store', 'verify', '--all', '--no-trust', ...store], { env }));
});

test('a plank that is not to be active is not', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const flake = await offline.open({ plank: 'agent' });
  t.is((await flake.build()).reference, 'planks/agent@1');
  offline.edit('anchor.env.json', '"hello"\n  ]', '"hello",\n    "count"\n  ]');
  const second = await flake.build({ activate: false });
  t.deepEqual([second.reference, second.active], ['planks/agent@2', false]);
  t.is((await offline.vault.inspect('planks/agent')).generation, 1);
});

test('without the sandbox, and in a store where that was once so, a plank is not called sandboxed', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  t.false((await (await offline.open({ sandbox: false })).build()).manifest.sandboxed);
  t.false((await (await offline.open()).build()).manifest.sandboxed);
});
