import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Flake, type RoomError } from '../../src/index.js';
import { scratch } from '../helpers/image.js';

/** A flake with one input, and what is in that. */
class WithInput {
  private constructor(
    readonly root: string,
    readonly input: string,
  ) {}

  static async make(t: ExecutionContext, url: (input: string) => string): Promise<WithInput> {
    t.timeout(300_000);
    const root = await scratch(t);
    const made = new WithInput(root, join(root, 'input'));
    for (const name of ['flake', 'input', 'tmp']) mkdirSync(join(root, name));
    writeFileSync(join(made.input, 'text'), 'one');
    made.flake(url(made.input));
    return made;
  }

  flake(url: string): void {
    const text = `{
      inputs.dep = { url = "${url}"; flake = false; };
      outputs = { self, dep }: { checks.x86_64-linux.text = derivation {
        name = builtins.readFile "\${dep}/text"; system = "x86_64-linux"; builder = "/nosuch"; }; };
    }`;
    writeFileSync(join(this.root, 'flake/flake.nix'), text);
  }

  open(store = 'store'): Promise<Flake> {
    return Flake.open(join(this.root, 'flake'), {
      store: join(this.root, store),
      temporary: join(this.root, 'tmp'),
    });
  }

  get lock(): string {
    return readFileSync(join(this.root, 'flake/flake.lock'), 'utf8');
  }

  git(...args: readonly string[]): string {
    const identity = [
      '-c',
      'user.name=test',
      '-c',
      'user.email=test@example.org',
      '-c',
      'init.defaultBranch=main',
    ];
    return execFileSync('git', ['-C', this.input, ...identity, ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  }

  commit(): string {
    this.git('add', '-A');
    this.git('commit', '-q', '-m', 'x');
    return this.git('rev-parse', 'HEAD');
  }
}

/** The check of these flakes cannot be built; that it is tried says that the inputs are in order. */
async function reason(flake: Flake): Promise<RoomError> {
  return flake.check().then(
    () => Promise.reject(new Error('it passed')),
    (error: unknown) => error as RoomError,
  );
}

test('nothing is used that is not pinned, and pinning leaves one file', async (t) => {
  const made = await WithInput.make(t, (input) => `path:${input}`);
  const flake = await made.open();
  const unlocked = await reason(flake);
  t.deepEqual(
    [unlocked.code, unlocked.hint],
    ['ERR_FLAKE_LOCK', 'anchor flake lock pins what flake.nix names'],
  );
  t.deepEqual(readdirSync(join(made.root, 'flake')), ['flake.nix']);

  const locked = await flake.lock();
  t.true(locked.changed);
  t.deepEqual(
    locked.changes.map(({ name, before }) => [name, before]),
    [['dep', null]],
  );
  t.deepEqual(locked.inputs, (await flake.declared()).inputs);
  t.false(made.lock.includes('lastModified'));
  t.deepEqual(readdirSync(join(made.root, 'flake')).sort(), ['flake.lock', 'flake.nix']);
  t.is((await reason(flake)).code, 'ERR_FLAKE_BUILD');
  const before = made.lock;
  t.deepEqual([(await flake.lock()).changed, made.lock], [false, before]);
});

test('a directory that was edited is refused by name, also where the store still has the old one', async (t) => {
  const made = await WithInput.make(t, (input) => `path:${input}`);
  const flake = await made.open();
  await flake.lock();
  // Not the time: the content.
  execFileSync('touch', ['-d', '@1700000000', join(made.input, 'text')]);
  t.is((await reason(flake)).code, 'ERR_FLAKE_BUILD');
  writeFileSync(join(made.input, 'text'), 'two');
  for (const store of ['store', 'fresh']) {
    const error = await reason(await made.open(store));
    t.is(error.code, 'ERR_FLAKE_INPUT_CHANGED');
    t.regex(error.message, /^input dep: /);
    t.is(error.hint, 'look at what has changed, then take it: anchor flake lock --update dep');
  }
  t.false((await flake.lock()).changed);
  const updated = await flake.lock({ update: ['dep'] });
  t.deepEqual(
    updated.changes.map(({ name }) => name),
    ['dep'],
  );
  t.is((await reason(flake)).code, 'ERR_FLAKE_BUILD');
  await t.throwsAsync(flake.lock({ update: ['nosuch'] }), { code: 'ERR_FLAKE_LOCK' });
});

test('a directory that is gone is taken from the store, or is an error that names it', async (t) => {
  const made = await WithInput.make(t, (input) => `path:${input}`);
  const flake = await made.open();
  await flake.lock();
  rmSync(made.input, { recursive: true });
  t.is((await reason(flake)).code, 'ERR_FLAKE_BUILD');
  const error = await reason(await made.open('fresh'));
  t.is(error.code, 'ERR_FLAKE_INPUT');
  t.regex(error.message, /^input dep: /);
});

test('a branch moves on, and the revision stays; one that is no more is an error', async (t) => {
  const made = await WithInput.make(t, (input) => `git+file://${input}?ref=main`);
  made.git('init', '-q');
  const first = made.commit();
  const flake = await made.open();
  t.is((await flake.lock()).inputs[0]?.rev, first);
  writeFileSync(join(made.input, 'text'), 'two');
  const second = made.commit();
  t.regex((await reason(await made.open('fresh'))).message, /the build of one failed/);
  const updated = await flake.lock({ update: 'all' });
  t.deepEqual([updated.changes[0]?.before?.rev, updated.changes[0]?.after?.rev], [first, second]);
  t.regex((await reason(flake)).message, /the build of two failed/);

  writeFileSync(join(made.input, 'text'), 'three');
  made.git('add', '-A');
  made.git('commit', '-q', '--amend', '-m', 'y');
  made.git('reflog', 'expire', '--expire=now', '--all');
  made.git('gc', '-q', '--prune=now');
  const error = await reason(await made.open('another'));
  t.is(error.code, 'ERR_FLAKE_INPUT', error.message);
});

test('a tarball with other content is refused', async (t) => {
  const made = await WithInput.make(t, (input) => `file://${input}.tar.gz`);
  const pack = (): void =>
    void execFileSync('tar', ['-czf', `${made.input}.tar.gz`, '-C', made.root, 'input']);
  pack();
  const flake = await made.open();
  await flake.lock();
  writeFileSync(join(made.input, 'text'), 'two');
  pack();
  const error = await reason(await made.open('fresh'));
  t.is(error.code, 'ERR_FLAKE_INPUT_CHANGED');
  t.regex(error.message, /^input dep: /);
});

test('a lock that was edited, cut off, or does not fit flake.nix', async (t) => {
  const made = await WithInput.make(t, (input) => `path:${input}`);
  const flake = await made.open();
  await flake.lock();
  const good = made.lock;
  const put = (text: string): void => writeFileSync(join(made.root, 'flake/flake.lock'), text);
  put(good.replace(/"narHash": ".*?"/, '"narHash": "sha256-M3PUV24v7qACKQHe3dZsTcP7UNJt2++TeyhObepxSiU="'));
  t.is((await reason(flake)).code, 'ERR_FLAKE_INPUT_CHANGED');
  put(good.replace(/"narHash": ".*?",/, ''));
  t.is((await reason(flake)).code, 'ERR_FLAKE_UNPINNED');
  put(good.slice(0, 50));
  t.is((await reason(flake)).code, 'ERR_FLAKE_LOCK');
  await t.throwsAsync(flake.lock(), { code: 'ERR_FLAKE_LOCK' });
  t.is(made.lock, good.slice(0, 50));
  put(good);
  made.flake(`path:${made.root}/tmp`);
  t.is((await reason(flake)).code, 'ERR_FLAKE_LOCK');
});

test('a lock that cannot be made leaves the old one', async (t) => {
  const made = await WithInput.make(t, (input) => `path:${input}`);
  const flake = await made.open();
  await flake.lock();
  const before = made.lock;
  made.flake(`path:${made.root}/nosuch`);
  const error = await t.throwsAsync(flake.lock());
  t.is((error as RoomError).code, 'ERR_FLAKE_INPUT', error.message);
  appendFileSync(join(made.root, 'flake/flake.nix'), '}');
  await t.throwsAsync(flake.lock(), { code: 'ERR_FLAKE_EVALUATE' });
  made.flake('nixpkgs');
  await t.throwsAsync(flake.lock(), { code: 'ERR_FLAKE_INPUT' });
  t.is(made.lock, before);
  t.deepEqual(readdirSync(join(made.root, 'tmp')), []);
});
