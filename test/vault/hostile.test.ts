// Sources and vaults that are not what they seem. Each is refused by name before anything is stored, and nothing hangs.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { Vault, type RoomError } from '../../src/index.js';
import { scratch } from '../helpers/image.js';

const run = promisify(execFile);

interface World {
  readonly vault: Vault;
  readonly directory: string;
  readonly tree: string;
}

async function world(t: ExecutionContext): Promise<World> {
  const directory = await scratch(t);
  const vault = await Vault.init(join(directory, 'vault'));
  t.teardown(() => vault.close());
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'below'), { recursive: true });
  await writeFile(join(tree, 'below/good'), 'good');
  return { vault, directory, tree };
}

async function isRefused(
  t: ExecutionContext,
  { vault, tree }: World,
  text: RegExp,
  source = tree,
): Promise<void> {
  const error = await t.throwsAsync<RoomError>(vault.put('datasets/set', source));
  t.is(error.code, 'ERR_VAULT_SOURCE', error.message);
  t.regex(error.message, text);
  // What a terminal would make of it is escaped.
  t.notRegex(error.message, /[\u0000-\u001f\u007f-\u009f\u202e]/);
  t.deepEqual(await vault.list(), []);
  t.deepEqual(await readdir(join(vault.path, 'stage')), []);
}

const entries: readonly [string, (tree: string) => Promise<unknown>, RegExp][] = [
  ['a link to a file', (tree) => symlink('/etc/passwd', join(tree, 'link')), /"link" is a symbolic link/],
  [
    'a link to a directory',
    (tree) => symlink('/', join(tree, 'below/root')),
    /"below\/root" is a symbolic link/,
  ],
  ['a link to nothing', (tree) => symlink('nothing', join(tree, 'link')), /symbolic link/],
  ['a FIFO', (tree) => run('mkfifo', [join(tree, 'below/fifo')]), /"below\/fifo" is a FIFO/],
  ['a newline', (tree) => writeFile(join(tree, 'a\nb'), ''), /"a\\nb": its name has a control character/],
  ['an escape', (tree) => writeFile(join(tree, 'a\u001b[2Jb'), ''), /control character/],
  ['a change of direction', (tree) => writeFile(join(tree, 'gpj.\u202eexe'), ''), /direction of writing/],
  [
    'bytes that are no text',
    (tree) => writeFile(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0x61, 0xff])]), ''),
    /no UTF-8/,
  ],
  ['a directory with such a name', (tree) => mkdir(join(tree, 'a\tb')), /control character/],
];

for (const [name, make, text] of entries) {
  test(`${name} in a tree`, async (t) => {
    const here = await world(t);
    await make(here.tree);
    await isRefused(t, here, text);
  });
}

test('a socket in a tree', async (t) => {
  const here = await world(t);
  const server = createServer().listen(join(here.tree, 'socket'));
  await once(server, 'listening');
  await isRefused(t, here, /"socket" is a socket/);
  server.close();
});

test('many that are refused are counted', async (t) => {
  const here = await world(t);
  for (let count = 0; count < 9; count += 1) await symlink('x', join(here.tree, `link${count}`));
  await isRefused(t, here, /"link4" is a symbolic link, and 4 more/);
});

test('sources that are nothing to store', async (t) => {
  const here = await world(t);
  const fifo = join(here.directory, 'fifo');
  await run('mkfifo', [fifo]);
  await isRefused(t, here, /neither a file nor a directory/, fifo);
  await isRefused(t, here, /neither a file nor a directory/, '/dev/zero');
  await isRefused(t, here, /ENOENT/, join(here.directory, 'nothing'));
  await symlink('loop', join(here.directory, 'loop'));
  await isRefused(t, here, /ELOOP/, join(here.directory, 'loop'));
});

test('a link as the source is what it leads to', async (t) => {
  const { vault, directory, tree } = await world(t);
  await symlink(join(tree, 'below/good'), join(directory, 'link'));
  const { path } = await vault.put('models/m', join(directory, 'link'));
  t.is(await readFile(path, 'utf8'), 'good');
});

test('a tree whose directories become links while it is stored is read from nowhere else', async (t) => {
  t.timeout(120_000);
  const { vault, directory, tree } = await world(t);
  await mkdir(join(directory, 'secret'));
  await writeFile(join(directory, 'secret/good'), 'evil');
  // Swaps the directory and a link to another one as fast as it can.
  const swapper = spawn('sh', [
    '-c',
    'cd "$1"; ln -s secret ../link; while :; do mv below ../kept; mv -T ../link below; mv -T below ../link; mv ../kept below; done',
    'sh',
    tree,
  ]);
  t.teardown(() => swapper.kill('SIGKILL'));
  let stored = 0;
  for (let count = 0; count < 30; count += 1) {
    try {
      const { path } = await vault.put('datasets/set', tree);
      stored += 1;
      for (const name of await readdir(path, { recursive: true })) {
        if (name.endsWith('good')) t.is(await readFile(join(path, name), 'utf8'), 'good');
      }
    } catch (error) {
      t.regex((error as RoomError).code, /^ERR_VAULT_SOURCE/, (error as Error).message);
    }
  }
  t.log(`${stored} of 30 were stored`);
  swapper.kill('SIGKILL');
  t.true((await vault.verify()).ok);
});

test('a file that is written to while it is stored is not stored', async (t) => {
  const { vault, directory } = await world(t);
  const source = join(directory, 'growing');
  await writeFile(source, 'x'.repeat(40 << 20));
  const writer = setInterval(() => appendFileSync(source, 'more'), 1);
  const put = vault.put('models/m', source);
  t.is((await t.throwsAsync<RoomError>(put)).code, 'ERR_VAULT_SOURCE_CHANGED');
  clearInterval(writer);
  await truncate(source, 100);
  t.is((await vault.put('models/m', source)).generation, 1);
});

test('a directory that is no vault, or not the one that is meant', async (t) => {
  const { vault, directory, tree } = await world(t);
  const code = async (work: Promise<unknown>): Promise<string> => (await t.throwsAsync<RoomError>(work)).code;
  t.is(await code(Vault.open(tree)), 'ERR_VAULT_NOT_FOUND');
  t.is(await code(Vault.open(join(directory, 'nothing'))), 'ERR_VAULT_NOT_FOUND');
  t.is(await code(Vault.init(tree)), 'ERR_VAULT_EXISTS');
  t.is(await code(Vault.init(vault.path)), 'ERR_VAULT_EXISTS');
  t.is(await code(Vault.open(vault.path, { id: '00000000-0000-4000-8000-000000000000' })), 'ERR_VAULT_OTHER');
  await (await Vault.open(vault.path, { id: vault.id })).close();
  t.is(await code(Vault.init(join(directory, 'disk'), { mounted: true })), 'ERR_VAULT_NOT_MOUNTED');
  for (const text of ['{}', 'x', '{"format":2}', 'null']) {
    await mkdir(join(directory, 'odd'), { recursive: true });
    await writeFile(join(directory, 'odd/anchor-vault.json'), text);
    t.is(await code(Vault.open(join(directory, 'odd'))), 'ERR_VAULT_INVALID', text);
  }
});

test('what was stored is not taken for an empty directory when the file is lost that makes it a vault', async (t) => {
  const { vault, directory, tree } = await world(t);
  await vault.put('datasets/set', tree);
  await rm(join(vault.path, 'anchor-vault.json'));
  const error = await t.throwsAsync<RoomError>(Vault.init(vault.path));
  t.is(error.code, 'ERR_VAULT_EXISTS');
  await mkdir(join(directory, 'mine/models'), { recursive: true });
  await writeFile(join(directory, 'mine/models/weights'), 'x');
  t.is((await t.throwsAsync<RoomError>(Vault.init(join(directory, 'mine')))).code, 'ERR_VAULT_EXISTS');
});

test('a vault that is exchanged while it is open is noticed before it is changed', async (t) => {
  const { vault, directory, tree } = await world(t);
  await rename(vault.path, join(directory, 'moved'));
  const other = await Vault.init(vault.path);
  t.is((await t.throwsAsync<RoomError>(vault.put('datasets/set', tree))).code, 'ERR_VAULT_OTHER');
  t.deepEqual(await other.list(), []);
  await other.close();
  await rm(vault.path, { recursive: true });
  t.is((await t.throwsAsync<RoomError>(vault.list())).code, 'ERR_VAULT_NOT_FOUND');
});
