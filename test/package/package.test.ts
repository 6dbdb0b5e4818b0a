import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test from 'ava';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

// Every test looks at one tarball and one installation of it: what a stranger gets.
const place = mkdtempSync(join(tmpdir(), 'anchor-rooms-package-'));
const consumer = join(place, 'consumer');
const installed = join(consumer, 'node_modules/anchor-rooms');
const isRoot = process.getuid?.() === 0;
let tarball = '';

/** npm as a user calls it: nothing of the npm that runs the tests shows through. */
function npm(args: readonly string[], cwd: string): void {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(package|lifecycle|command|config_local_prefix)/.test(name),
    ),
  );
  execFileSync('npm', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

test.before('pack, and install in an empty folder', (t) => {
  t.timeout(300_000);
  npm(['pack', '--pack-destination', place], process.cwd());
  tarball = join(
    place,
    readdirSync(place).find((name) => name.endsWith('.tgz'))!,
  );
  mkdirSync(consumer);
  writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "module" }\n');
  npm(['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', tarball], consumer);
  cpSync('test/package/consumers', consumer, { recursive: true });
});

test.after.always(() => rmSync(place, { recursive: true, force: true }));

test.serial('the tarball holds what it must and nothing that npm would compile', (t) => {
  const names = readdirSync(installed).sort();
  for (const name of [
    'dist',
    'types',
    'native',
    'nix',
    'schema',
    'CMakeLists.txt',
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
  ]) {
    t.true(names.includes(name), name);
  }
  t.false(existsSync(join(installed, 'binding.gyp')));
  const modules = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js') && !name.startsWith('joined/'))
    .sort();
  t.deepEqual(modules, ['cli/anchor.js', 'index.js'], 'what they load is joined');
  t.deepEqual(readdirSync(join(installed, 'prebuilds/linux-x64-glibc')).sort(), [
    'anchor_rooms.node',
    'room-init',
  ]);
  const { scripts } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    scripts: object;
  };
  t.deepEqual(
    Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name)),
    [],
  );
});

test.serial('the addon asks for no newer C library than Ubuntu 22.04 has', (t) => {
  const addon = join(installed, 'prebuilds/linux-x64-glibc/anchor_rooms.node');
  const symbols = execFileSync('objdump', ['-T', addon], { encoding: 'utf8' });
  const versions = [...symbols.matchAll(/GLIBC_2\.(\d+)/g)].map((match) => Number(match[1]));
  t.true(versions.length > 0);
  t.true(Math.max(...versions) <= 35, `needs GLIBC_2.${Math.max(...versions)}`);
  t.notRegex(symbols, /GLIBCXX_|CXXABI_/);
});

(isRoot ? test.serial : test.serial.skip)('a program of twelve lines spawns a room', (t) => {
  const tree = join(place, 'tree');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  cpSync('/bin/busybox', join(tree, 'bin/busybox'));
  for (const name of ['sh', 'hostname']) symlinkSync('busybox', join(tree, 'bin', name));
  const plank = join(place, 'consumer.sqsh');
  execFileSync('mksquashfs', [tree, plank, '-quiet', '-no-progress']);

  const result = spawnSync(process.execPath, ['consumer.mjs', plank], {
    cwd: consumer,
    encoding: 'utf8',
    timeout: 60_000,
  });
  t.is(result.stderr, '');
  t.is(result.stdout, 'hello from room\nexited\n');
  t.is(result.status, 0);
});

test.serial('what is joined has the names that it was given', (t) => {
  const program = `for (const [name, value] of Object.entries(await import('anchor-rooms')))
    if (typeof value === 'function') console.log(name, value.name);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: consumer,
    encoding: 'utf8',
  });
  const pairs = stdout.trim().split('\n');
  t.true(pairs.includes('Anchor Anchor'), stdout);
  t.deepEqual(
    pairs.filter((pair) => !/^(\S+) \1$/.test(pair)),
    [],
  );
});

test.serial('the command line answers', (t) => {
  const result = spawnSync('npx', ['--no-install', 'anchor', '--version'], {
    cwd: consumer,
    encoding: 'utf8',
    timeout: 60_000,
  });
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    version: string;
  };
  t.regex(result.stdout, new RegExp(`^(anchor-rooms |anchor )?${version.replaceAll('.', '\\.')}`));
  t.is(result.status, 0);
});

test.serial('a strict TypeScript program compiles, libraries checked too', (t) => {
  mkdirSync(join(consumer, 'node_modules/@types'), { recursive: true });
  symlinkSync(resolve('node_modules/@types/node'), join(consumer, 'node_modules/@types/node'));
  const result = spawnSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', consumer], {
    encoding: 'utf8',
  });
  t.is(result.stdout, '');
  t.is(result.status, 0);
});

test.serial('publint has nothing to say', async (t) => {
  const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
  t.deepEqual(
    messages.map((message) => formatMessage(message, pkg)),
    [],
  );
});
