import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { parseDeclaration } from '../../src/flake/declaration.js';
import { Flake, type RoomError } from '../../src/index.js';
import { scratch } from '../helpers/image.js';

const run = promisify(execFile);
const template = 'nix/templates/ai-flake';

/** A store of the test's own, and Nix in it without network. */
async function evaluator(t: ExecutionContext): Promise<(...args: readonly string[]) => Promise<string>> {
  t.timeout(300_000);
  const root = await scratch(t);
  mkdirSync(join(root, 'tree'));
  // The addon is built of the last four.
  const read = [
    'flake.nix',
    'flake.lock',
    'nix',
    'native',
    'binding.gyp',
    'package.json',
    'package-lock.json',
  ];
  for (const name of read) cpSync(name, join(root, 'tree', name), { recursive: true });
  const settings = ['experimental-features = nix-command flakes', 'substituters =', 'build-users-group ='];
  const env = { ...process.env, HOME: root, NIX_CONF_DIR: root, NIX_CONFIG: settings.join('\n') };
  const stub = [
    '--override-input',
    'nixpkgs',
    `path:${root}/tree/nix/offline/nixpkgs-stub`,
    '--no-write-lock-file',
  ];
  return async (...args) => {
    const here = args.map((arg) => arg.replace('TREE', `path:${root}/tree`));
    return (await run('nix', [...here, ...stub, '--store', join(root, 'store')], { env })).stdout;
  };
}

// With a stub in place of nixpkgs: it is shown that they are well-formed, not that they build.
for (const [name, flake] of [
  ['the flake of the repository', 'TREE'],
  ['the template', `TREE/${template}`],
] as const)
  test(`${name} evaluates`, async (t) => {
    const nix = await evaluator(t);
    await t.notThrowsAsync(nix('flake', 'check', '--no-build', flake));
    const shown = JSON.parse(await nix('flake', 'show', '--json', flake)) as Record<
      string,
      Record<string, object>
    >;
    const system = 'x86_64-linux';
    t.like(shown, {
      packages: { [system]: { plank: { type: 'derivation' }, default: { type: 'derivation' } } },
    });
    if (flake === 'TREE') t.like(shown, { packages: { [system]: { addon: { type: 'derivation' } } } });
    t.like(shown, {
      apps: { [system]: { train: { type: 'app' } } },
      devShells: { [system]: { default: { type: 'derivation' } } },
    });
    t.true(Object.keys(shown['checks']?.[system] ?? {}).includes('entries'));
    const environment = JSON.parse(await nix('eval', '--json', `${flake}#anchorEnvironment.${system}`)) as {
      declaration: { packages: string[] };
      installed: { name: string }[];
    };
    const declared = environment.declaration.packages.sort();
    t.deepEqual(environment.installed.flatMap((each) => each.name.split(' ')).sort(), declared);
  });

test('the lib of the template is that of nix/lib', (t) => {
  const names = readdirSync('nix/lib');
  t.deepEqual(readdirSync(join(template, 'lib')), names);
  for (const name of names)
    t.is(
      readFileSync(join(template, 'lib', name), 'utf8'),
      readFileSync(join('nix/lib', name), 'utf8'),
      name,
    );
});

test('both are pinned to the same revision, and declare what this package reads', async (t) => {
  const [own, other] = await Promise.all(
    ['.', template].map(async (path) => (await Flake.open(path, { store: '/nosuch' })).declared()),
  );
  t.deepEqual(own!.inputs, other!.inputs);
  const [{ rev } = { rev: null }] = own!.inputs!;
  for (const path of ['flake.nix', join(template, 'flake.nix')])
    t.true(readFileSync(path, 'utf8').includes(rev!), path);
  t.deepEqual(other!.environment?.entry['train']?.[0], 'python3');
  t.notThrows(() => parseDeclaration(readFileSync('nix/nix-room.env.json', 'utf8'), 'nix/nix-room.env.json'));
});

test('where there is no network the input is named that needs one', async (t) => {
  t.timeout(300_000);
  const root = await scratch(t);
  const flake = await Flake.open(template, { store: root });
  // Nothing is asked of the network: a port that nobody listens at is in the way.
  process.env['https_proxy'] = 'http://127.0.0.1:9';
  t.teardown(() => void delete process.env['https_proxy']);
  const error = await t.throwsAsync<RoomError>(flake.check());
  t.is(error.code, 'ERR_FLAKE_INPUT');
  t.regex(error.message, /^input nixpkgs: unable to download/);
  t.regex(error.hint ?? '', /without network they have to be in the store/);
});
