import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { Flake, RoomError, SpecRangeError, SpecTypeError, type FlakeOptions } from '../../src/index.js';
import { list, read } from '../helpers/host-state.js';
import { runFresh } from '../helpers/fresh-process.js';
import { scratch } from '../helpers/image.js';
import { OfflineFlake } from '../helpers/offline-flake.js';

const run = promisify(execFile);

/** Builds, which fails; then nothing is left, nothing was stored. */
async function failing(
  t: ExecutionContext,
  offline: OfflineFlake,
  options: FlakeOptions = {},
): Promise<RoomError> {
  t.timeout(300_000);
  const flake = await offline.open(options);
  const error = await t.throwsAsync(flake.build({ rebuild: true }), { instanceOf: RoomError });
  t.deepEqual(await offline.vault.list(), []);
  t.deepEqual(readdirSync(join(offline.root, 'tmp')), []);
  return error;
}

test('a slip in flake.nix has its file and line', async (t) => {
  const offline = await OfflineFlake.make(t);
  offline.edit('flake.nix', 'inherit catalog;\n', 'inherit catalog\n');
  const line = offline.read('flake.nix').split('\n').indexOf('        inherit catalog') + 2;
  const error = await failing(t, offline);
  t.is(error.code, 'ERR_FLAKE_EVALUATE');
  t.deepEqual([error.path, error.line], [join(offline.directory, 'flake.nix'), line]);
  t.true(error.message.startsWith(`flake.nix:${line}: syntax error`), error.message);
});

test('so has one in another file', async (t) => {
  const offline = await OfflineFlake.make(t);
  offline.edit('catalog.nix', 'cp ${tools.busybox} ', 'cp ${tools.bsybox} ');
  const error = await failing(t, offline);
  t.is(error.code, 'ERR_FLAKE_EVALUATE');
  t.regex(error.message, /^catalog\.nix:\d+: attribute 'bsybox' missing/);
  t.true(offline.read('catalog.nix').split('\n')[error.line! - 1]?.includes('bsybox'));
});

test('a package that there is not has its line in the declaration', async (t) => {
  const offline = await OfflineFlake.make(t);
  offline.edit('anchor.env.json', '"hello"\n  ]', '"hallo"\n  ]');
  const error = await failing(t, offline);
  t.is(error.code, 'ERR_FLAKE_DECLARATION');
  t.deepEqual([error.path, error.line], [join(offline.directory, 'anchor.env.json'), 5]);
  t.is(error.message, 'anchor.env.json:5: there is no package "hallo"; there are busybox, count, hello');
});

test('a build that fails tells the end of its log', async (t) => {
  const offline = await OfflineFlake.make(t);
  offline.addPackage('broken', 'echo looking; echo "no such thing: frobnicate" >&2; exit 3');
  offline.edit('anchor.env.json', '"hello"\n  ]', '"broken"\n  ]');
  const error = await failing(t, offline);
  t.is(error.code, 'ERR_FLAKE_BUILD');
  t.is(error.message, 'the build of broken failed with exit code 3: no such thing: frobnicate');
  t.deepEqual(error.log, ['looking', 'no such thing: frobnicate']);
});

test('two packages with one program are refused, with the line', async (t) => {
  const offline = await OfflineFlake.make(t);
  offline.addPackage('other', 'mkdir -p $out/bin; echo > $out/bin/hello');
  offline.edit('anchor.env.json', '"hello"\n  ]', '"hello",\n    "other"\n  ]');
  const error = await failing(t, offline);
  t.is(error.code, 'ERR_FLAKE_BUILD');
  t.regex(error.message, /two packages have a program "hello"/);
  t.is(error.line, 5);
});

test('what is something else each time is refused', async (t) => {
  const offline = await OfflineFlake.make(t);
  offline.edit(
    'lib/mk-plank.nix',
    'mkdir -p root/nix/store',
    'mkdir -p root/$(cat /proc/sys/kernel/random/uuid) root/nix/store',
  );
  t.is((await failing(t, offline)).code, 'ERR_FLAKE_NOT_REPRODUCIBLE');
});

test('an output that there is not, and one that is no plank', async (t) => {
  const offline = await OfflineFlake.make(t);
  const missing = await failing(t, offline, { output: 'plnk' });
  t.is(missing.code, 'ERR_FLAKE_OUTPUT');
  t.regex(missing.message, /does not provide attribute .*plnk/);
  const directory = await failing(t, offline, { output: 'hello' });
  t.is(directory.message, 'what the output hello gives is no plank: it is a directory');
});

test('a flake that does not read its declaration is told so', async (t) => {
  const offline = await OfflineFlake.make(t);
  offline.edit('flake.nix', 'anchorEnvironment', 'somethingElse');
  const error = await failing(t, offline);
  t.is(error.code, 'ERR_FLAKE_DECLARATION');
  t.regex(error.message, /the flake does not read it/);
  offline.edit('flake.nix', 'somethingElse', 'anchorEnvironment');
  offline.write('other.json', '{ "format": 1, "packages": ["busybox"] }');
  offline.edit('flake.nix', './anchor.env.json', './other.json');
  t.regex((await failing(t, offline)).message, /the flake does not read it/);
});

test('no Nix, an old one, and something else of that name', async (t) => {
  const offline = await OfflineFlake.make(t);
  const fake = (name: string, text: string): string => {
    const path = join(offline.root, name);
    writeFileSync(path, `#!/bin/sh\necho "${text}"\n`, { mode: 0o755 });
    return path;
  };
  const messages: string[] = [];
  for (const nix of [join(offline.root, 'nosuch'), fake('old', 'nix (Nix) 2.3.16'), fake('other', 'hello')]) {
    const error = await failing(t, offline, { nix });
    t.is(error.code, 'ERR_FLAKE_TOOL');
    messages.push(error.message);
  }
  t.regex(messages[0]!, /cannot be run/);
  t.regex(messages[1]!, /is of version 2\.3\.16; flakes need 2\.8/);
  t.regex(messages[2]!, /does not tell its version/);
  const source = `import { Flake } from 'anchor-rooms';
    const flake = await Flake.open(${JSON.stringify(offline.directory)}, { store: ${JSON.stringify(offline.root)} });
    await flake.check().catch(({ code, hint }) => console.log(code, hint));`;
  const { stdout } = await runFresh(source, { env: { PATH: offline.root } });
  t.regex(stdout, /^ERR_FLAKE_TOOL/);
});

test('where the sandbox cannot be, nothing is built without it', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  // One user only, as in many containers: Nix would go on without sandbox by itself.
  const source = `import { Flake, Vault } from 'anchor-rooms';
    const flake = await Flake.open(process.argv[1], { store: process.argv[2] });
    const error = await flake.check().then(() => null, (error) => error);
    console.log(error?.code, error?.hint);`;
  const args = ['--user', '--map-root-user', process.execPath, '--input-type=module', '-e', source];
  const { stdout } = await run('unshare', [...args, offline.directory, join(offline.root, 'store')]);
  t.regex(stdout, /^ERR_FLAKE_SANDBOX .*sandbox: false/);
});

test('an abort ends the build and what it has started', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const seconds = `${process.pid}1234`;
  offline.addPackage('slow', `echo begun; sleep ${seconds}`);
  offline.edit('anchor.env.json', '"hello"\n  ]', '"slow"\n  ]');
  const controller = new AbortController();
  const reason = new Error('enough');
  const flake = await offline.open();
  const work = flake.build({
    signal: controller.signal,
    onProgress: (each) => void (each.type === 'log' && each.line === 'begun' && controller.abort(reason)),
  });
  t.is(await t.throwsAsync(work), reason);
  const alive = (): string[] =>
    list('/proc').filter((pid) => /^\d+$/.test(pid) && read(`/proc/${pid}/cmdline`).includes(seconds));
  for (let wait = 0; alive().length > 0 && wait < 100; wait += 1) await sleep(50);
  t.deepEqual(alive(), []);
  t.deepEqual(await offline.vault.list(), []);
  t.deepEqual(readdirSync(join(offline.root, 'tmp')), []);

  // The store is as good as before.
  offline.edit('anchor.env.json', '"slow"\n  ]', '"hello"\n  ]');
  t.true((await flake.build()).stored);
  const aborted = await t.throwsAsync(flake.build({ signal: AbortSignal.abort(reason) }));
  t.is(aborted, reason);
});

test('what a listener throws ends the build', async (t) => {
  t.timeout(300_000);
  const offline = await OfflineFlake.make(t);
  const mine = new Error('mine');
  const flake = await offline.open();
  const work = flake.build({
    onProgress: (each) => {
      if (each.type === 'build') throw mine;
    },
  });
  t.is(await t.throwsAsync(work), mine);
});

test('bad options, and a directory that is no flake', async (t) => {
  const directory = await scratch(t);
  const open = (options: unknown): Promise<Flake> => Flake.open(directory, options as FlakeOptions);
  await t.throwsAsync(open({ store: '/s' }), { code: 'ERR_FLAKE_NOT_FOUND' });
  writeFileSync(join(directory, 'flake.nix'), '{ outputs = { self }: { }; }');
  const bad: readonly [unknown, string][] = [
    [{}, 'store'],
    [{ store: '/s', vault: {} }, 'vault'],
    [{ store: '/s', output: 'a;b' }, 'output'],
    [{ store: '/s', caches: ['https://x\nsandbox = false'] }, 'caches[0]'],
    [{ store: '/s', sandbx: true }, 'options.sandbx'],
    [{ store: '/s', sandbox: 'no' }, 'sandbox'],
  ];
  for (const [options, field] of bad) {
    const error: unknown = await t.throwsAsync(open(options), { any: true });
    t.true(error instanceof SpecTypeError || error instanceof SpecRangeError, String(error));
    t.is((error as SpecTypeError).field, field);
  }
  const flake = await open({ store: join(directory, 's') });
  t.deepEqual(await flake.declared(), { inputs: null, environment: null });
  await t.throwsAsync(flake.build(), { instanceOf: SpecRangeError });
  await run('mkfifo', [join(directory, 'pipe')]);
  const fifo = await t.throwsAsync(flake.check(), { code: 'ERR_FLAKE_NOT_FOUND' });
  t.regex(fifo.message, /pipe is a FIFO/);
  mkdirSync(join(directory, 'tmp'));
});
