import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { Vault, type RoomError, type TransferProgress } from '../../src/index.js';
import { startFresh } from '../helpers/fresh-process.js';
import { scratch } from '../helpers/image.js';

const run = promisify(execFile);

async function newVault(t: ExecutionContext): Promise<{ vault: Vault; directory: string }> {
  const directory = await scratch(t);
  const vault = await Vault.init(join(directory, 'vault'));
  t.teardown(() => vault.close());
  return { vault, directory };
}

async function file(directory: string, name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function refused(t: ExecutionContext, work: Promise<unknown>, code: string): Promise<RoomError> {
  const error = await t.throwsAsync<RoomError>(work);
  t.is(error.code, code as RoomError['code'], error.message);
  return error;
}

/** Changes one bit of a stored file, as a bad disk would. */
async function flip(path: string): Promise<void> {
  await chmod(path, 0o644);
  const handle = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, 5);
  byte[0]! ^= 1;
  await handle.write(byte, 0, 1, 5);
  await handle.close();
  await chmod(path, 0o444);
}

test('a file is stored under its name, and a person can look at it', async (t) => {
  const { vault, directory } = await newVault(t);
  const stored = await vault.put('models/tiny.gguf', await file(directory, 'out', 'weights'));
  t.like(stored, { reference: 'models/tiny.gguf@1', generation: 1, active: true, shared: 0 });
  t.like(stored.meta, {
    type: 'file',
    size: 7,
    sha256: sha256('weights'),
    source: { type: 'host', path: join(directory, 'out') },
  });
  t.is(stored.path, join(vault.path, 'models/.gen/tiny.gguf/0001/tiny.gguf'));
  t.is(await readFile(join(vault.path, 'models/tiny.gguf'), 'utf8'), 'weights');
  t.is(await readlink(join(vault.path, 'models/tiny.gguf')), '.gen/tiny.gguf/0001/tiny.gguf');
  t.is((await stat(stored.path)).mode & 0o777, 0o444);
  const meta = await readFile(join(vault.path, 'models/.gen/tiny.gguf/0001/meta.json'), 'utf8');
  t.deepEqual(JSON.parse(meta), stored.meta);
  t.deepEqual(await readdir(join(vault.path, 'stage')), []);
});

test('generations, rollback, activation', async (t) => {
  const { vault, directory } = await newVault(t);
  for (const content of ['one', 'two', 'three'])
    await vault.put('models/m', await file(directory, 'm', content));
  t.is((await vault.rollback('models/m')).reference, 'models/m@2');
  t.is(await readFile(join(vault.path, 'models/m'), 'utf8'), 'two');
  t.is((await vault.rollback('models/m')).reference, 'models/m@1');
  await refused(t, vault.rollback('models/m'), 'ERR_VAULT_NO_ENTRY');
  t.is((await vault.activate('models/m@3')).active, true);
  t.is((await vault.inspect('models/m')).generation, 3);
  t.is((await vault.inspect('models/m@2')).active, false);
  const error = await refused(t, vault.activate('models/m@9'), 'ERR_VAULT_NO_ENTRY');
  t.regex(error.hint ?? '', /models\/m@1, models\/m@2, models\/m@3/);
  t.is((await vault.put('models/m', await file(directory, 'm', 'four'), { activate: false })).active, false);
  t.is((await vault.inspect('models/m')).generation, 3);
  const [entry] = await vault.list('models');
  t.deepEqual(
    entry?.generations.map(({ generation, active }) => [generation, active]),
    [
      [1, false],
      [2, false],
      [3, true],
      [4, false],
    ],
  );
});

test('a tree keeps its files, which are executable and its empty directories, and comes out as it went in', async (t) => {
  const { vault, directory } = await newVault(t);
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'a/b'), { recursive: true });
  await mkdir(join(tree, 'void/void'), { recursive: true });
  await file(tree, 'a/b/data', 'x');
  await file(tree, 'a b"$&.txt', 'y');
  await chmod(await file(tree, 'run.sh', '#!/bin/sh\n'), 0o750);
  const { meta } = await vault.put('datasets/set', tree);
  t.deepEqual(
    meta.files.map(({ path, executable }) => [path, executable]),
    [
      ['a b"$&.txt', false],
      ['a/b/data', false],
      ['run.sh', true],
    ],
  );
  t.deepEqual(meta.emptyDirectories, ['void/void']);
  const out = join(directory, 'out');
  await vault.get('datasets/set', out);
  await run('diff', ['-r', tree, out]);
  t.is((await stat(join(out, 'run.sh'))).mode & 0o777, 0o755);
  t.true((await stat(join(out, 'void/void'))).isDirectory());
  // The digest is what anybody can compute.
  const { stdout } = await run(
    'sh',
    [
      '-c',
      'find . -type f | sed "s,^./,," | LC_ALL=C sort | tr "\\n" "\\0" | xargs -0 sha256sum | sha256sum',
    ],
    { cwd: tree },
  );
  t.is(stdout.slice(0, 64), meta.sha256);
  t.true((await vault.verify()).ok);
});

test('what is there already takes no space again, and a damaged one is not shared', async (t) => {
  const { vault, directory } = await newVault(t);
  const source = await file(directory, 'm', 'm'.repeat(100_000));
  const first = await vault.put('models/m', source);
  const second = await vault.put('planks/m', source);
  t.is(second.shared, 100_000);
  t.is((await stat(second.path)).ino, (await stat(first.path)).ino);
  await flip(first.path);
  const third = await vault.put('models/m', source);
  t.is(third.shared, 0);
  t.not((await stat(third.path)).ino, (await stat(first.path)).ino);
  t.deepEqual(
    (await vault.verify()).generations.map(({ reference, ok }) => [reference, ok]),
    [
      ['planks/m@1', false],
      ['models/m@1', false],
      ['models/m@2', true],
    ],
  );
});

test('verify finds whatever is not as it was stored, and says what', async (t) => {
  const { vault, directory } = await newVault(t);
  const tree = join(directory, 'tree');
  await mkdir(tree);
  for (const name of ['flipped', 'short', 'gone', 'mode', 'whole']) await file(tree, name, name.repeat(50));
  const { path } = await vault.put('datasets/set', tree);
  await flip(join(path, 'flipped'));
  await truncate(join(path, 'short'), 3);
  await rm(join(path, 'gone'));
  await chmod(join(path, 'mode'), 0o755);
  await file(path, 'more', 'x');
  await symlink('/etc/passwd', join(path, 'link'));
  await mkdir(join(path, 'empty'));
  const { ok, generations } = await vault.verify(['datasets/set']);
  t.false(ok);
  t.deepEqual(generations[0]?.problems.map(({ path: name, problem }) => [name, problem]).sort(), [
    ['"set/link"', 'extra'],
    ['"set/more"', 'extra'],
    ['flipped', 'changed'],
    ['gone', 'missing'],
    ['mode', 'mode'],
    ['set/empty', 'extra'],
    ['short', 'changed'],
  ]);
  await refused(t, vault.get('datasets/set', join(directory, 'out')), 'ERR_VAULT_DAMAGED');
  t.deepEqual((await readdir(directory)).sort(), ['tree', 'vault']);
});

test('a meta.json that was written by somebody else is noticed', async (t) => {
  const { vault, directory } = await newVault(t);
  await vault.put('models/m', await file(directory, 'm', 'm'));
  const path = join(vault.path, 'models/.gen/m/0001/meta.json');
  const text = await readFile(path, 'utf8');
  await chmod(path, 0o644);
  await writeFile(path, text.replace('"created": "2', '"created": "1'));
  t.deepEqual(
    (await vault.verify()).generations[0]?.problems.map(({ problem }) => problem),
    ['meta'],
  );
  await writeFile(path, text.replace('"path": "m"', '"path": "../../../../../etc/passwd"'));
  await refused(t, vault.inspect('models/m'), 'ERR_VAULT_DAMAGED');
  await writeFile(path, 'null');
  t.false((await vault.verify()).ok);
});

test('a digest that is asked for', async (t) => {
  const { vault, directory } = await newVault(t);
  const source = await file(directory, 'm', 'content');
  await refused(t, vault.put('models/m', source, { expect: `sha256:${'0'.repeat(64)}` }), 'ERR_VAULT_DIGEST');
  t.deepEqual(await vault.list(), []);
  t.is((await vault.put('models/m', source, { expect: `sha256:${sha256('content')}` })).generation, 1);
  const wrong = await t.throwsAsync(vault.put('models/m', source, { expect: 'md5:1' }), {
    instanceOf: RangeError,
  });
  t.like(wrong, { code: 'ERR_ROOM_SPEC_VALUE', field: 'expect' });
});

test('numbers are never given twice', async (t) => {
  const { vault, directory } = await newVault(t);
  const source = await file(directory, 'm', 'm');
  for (let count = 0; count < 3; count += 1) await vault.put('models/m', source);
  await vault.rollback('models/m');
  t.deepEqual(await vault.remove('models/m@3'), ['models/m@3']);
  t.is((await vault.put('models/m', source)).generation, 4);
  t.deepEqual(await vault.remove('models/m'), ['models/m@1', 'models/m@2', 'models/m@4']);
  t.deepEqual(await vault.list(), []);
  await refused(t, vault.inspect('models/m'), 'ERR_VAULT_NO_ENTRY');
  await refused(t, vault.remove('models/m'), 'ERR_VAULT_NO_ENTRY');
  t.is((await vault.put('models/m', source)).generation, 5);
});

test('what is active or leased is neither removed nor collected', async (t) => {
  const { vault, directory } = await newVault(t);
  for (let count = 0; count < 6; count += 1)
    await vault.put('models/m', await file(directory, 'm', `m${count}`));
  await vault.activate('models/m@2');
  const lease = await vault.lease('models/m@1', 'room r1');
  t.is(await readFile(lease.path, 'utf8'), 'm0');
  await refused(t, vault.remove('models/m@2'), 'ERR_VAULT_IN_USE');
  t.regex(
    (await refused(t, vault.remove('models/m@1'), 'ERR_VAULT_IN_USE')).message,
    /room r1 \(process \d+\)/,
  );
  await refused(t, vault.remove('models/m'), 'ERR_VAULT_IN_USE');
  const dry = await vault.collect({ keep: 1, dryRun: true });
  const done = await vault.collect({ keep: 1 });
  t.deepEqual(
    done.removed.map(({ reference }) => reference),
    ['models/m@3', 'models/m@4', 'models/m@5'],
  );
  t.deepEqual(dry.removed, done.removed);
  t.deepEqual(
    done.kept.map(({ reference }) => reference),
    ['models/m@1', 'models/m@2'],
  );
  await lease.release();
  await lease.release();
  t.deepEqual(
    (await vault.collect({ keep: 1 })).removed.map(({ reference }) => reference),
    ['models/m@1'],
  );
  t.true((await vault.verify()).ok);
});

test('a lease holds against other processes, and ends with its process', async (t) => {
  const { vault, directory } = await newVault(t);
  for (let count = 0; count < 2; count += 1)
    await vault.put('models/m', await file(directory, 'm', `m${count}`));
  const other = startFresh(`
    import { Vault } from 'anchor-rooms';
    const vault = await Vault.open(${JSON.stringify(vault.path)});
    await vault.lease('models/m@1', 'another program');
    console.log('held');
    setInterval(() => {}, 1000);
  `);
  t.is(await other.line(), 'held');
  t.regex(
    (await refused(t, vault.remove('models/m@1'), 'ERR_VAULT_IN_USE')).message,
    new RegExp(`process ${other.pid}`),
  );
  other.child.kill('SIGKILL');
  await other.ended;
  t.deepEqual(await vault.remove('models/m@1'), ['models/m@1']);
  t.deepEqual(await readdir(join(vault.path, 'leases')), []);
});

test('many writers at once, in several processes: each gets a number of its own, and none is lost', async (t) => {
  const { vault, directory } = await newVault(t);
  const writer = (name: string): string => `
    import { Vault } from 'anchor-rooms';
    import { writeFileSync } from 'node:fs';
    const vault = await Vault.open(${JSON.stringify(vault.path)});
    const puts = [];
    for (let count = 0; count < 5; count += 1) {
      const path = ${JSON.stringify(join(directory, name))} + count;
      writeFileSync(path, ${JSON.stringify(name)} + count);
      puts.push(vault.put('models/m', path));
    }
    console.log((await Promise.all(puts)).map(({ generation }) => generation).join(' '));
    await vault.close();
  `;
  const [left, right] = await Promise.all(['left', 'right'].map((name) => startFresh(writer(name)).ended));
  t.deepEqual([left?.stderr, right?.stderr], ['', '']);
  const numbers = `${left?.stdout} ${right?.stdout}`.trim().split(/\s+/).map(Number);
  t.deepEqual(
    numbers.sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  const result = await vault.verify();
  t.true(result.ok, JSON.stringify(result.log));
  t.is(result.generations.length, 10);
});

test('progress rises to the whole, and a signal leaves nothing behind', async (t) => {
  const { vault, directory } = await newVault(t);
  // Two that are read back when all is copied, and one while it is.
  const source = join(directory, 'tree');
  await mkdir(source);
  for (const [name, size] of [
    ['a', 30 << 20],
    ['b', 70 << 20],
    ['c', 1 << 20],
  ] as const)
    await file(source, name, name.repeat(size));
  const seen: TransferProgress[] = [];
  await vault.put('models/m', source, { onProgress: (progress) => seen.push(progress) });
  t.deepEqual([...new Set(seen.map(({ phase }) => phase))], ['copy', 'verify']);
  t.is(seen.at(-1)?.bytes, 101 << 20);
  t.true(
    seen.every(
      ({ bytes, total }, at) =>
        bytes <= total && (seen[at - 1]?.phase !== seen[at]?.phase || bytes >= (seen[at - 1]?.bytes ?? 0)),
    ),
  );

  const controller = new AbortController();
  const reason = new Error('enough');
  const stopped = vault.put('datasets/m', await file(directory, 'other', 'n'.repeat(30 << 20)), {
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  });
  t.is(await t.throwsAsync(stopped), reason);
  await t.throwsAsync(vault.put('datasets/m', source, { signal: AbortSignal.abort(reason) }), { is: reason });
  await t.throwsAsync(vault.get('models/m', join(directory, 'out'), { signal: AbortSignal.abort(reason) }), {
    is: reason,
  });
  t.deepEqual(await vault.list('datasets'), []);
  t.deepEqual(await readdir(join(vault.path, 'stage')), []);
  t.deepEqual((await readdir(directory)).sort(), ['other', 'tree', 'vault']);
});

test('a target that is there is left alone', async (t) => {
  const { vault, directory } = await newVault(t);
  await vault.put('models/m', await file(directory, 'm', 'm'));
  const target = await file(directory, 'target', 'mine');
  await refused(t, vault.get('models/m', target), 'ERR_VAULT_TARGET');
  await symlink('/nowhere', join(directory, 'dangling'));
  await refused(t, vault.get('models/m', join(directory, 'dangling')), 'ERR_VAULT_TARGET');
  t.is(await readFile(target, 'utf8'), 'mine');
  await refused(t, vault.get('models/m', join(directory, 'no/such/directory')), 'ERR_VAULT_TARGET');
});

test('a closed vault does nothing more', async (t) => {
  const { vault } = await newVault(t);
  await vault.close();
  await vault.close();
  await refused(t, vault.list(), 'ERR_VAULT_CLOSED');
});
