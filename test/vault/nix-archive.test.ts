import { execFileSync } from 'node:child_process';
import { chmod, mkdir, open, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { BrokenArchive, readArchive, type ReadArchive } from '../../src/vault/nix-archive.js';
import { hashOfPath } from '../../src/vault/nix-hash.js';
import { narInfoText, readNarInfo, readRegistration, registrationText } from '../../src/vault/nix-path.js';
import { scratch } from '../helpers/image.js';

function words(...texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.map((text) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
      return Buffer.concat([
        length,
        Buffer.from(text),
        Buffer.alloc((8 - (Buffer.byteLength(text) % 8)) % 8),
      ]);
    }),
  );
}

const file = ['(', 'type', 'regular', 'contents', 'x', ')'];
const entry = (name: string, node: readonly string[] = file) => [
  'entry',
  '(',
  'name',
  name,
  'node',
  ...node,
  ')',
];
const directory = (...entries: readonly (readonly string[])[]) => [
  '(',
  'type',
  'directory',
  ...entries.flat(),
  ')',
];
const archive = (node: readonly string[]) => words('nix-archive-1', ...node);

async function read(t: ExecutionContext, bytes: Buffer, target: string | null): Promise<ReadArchive> {
  const path = join(await scratch(t), 'x.nar');
  await writeFile(path, bytes);
  const handle = await open(path);
  try {
    return await readArchive(handle, target);
  } finally {
    await handle.close();
  }
}

test('what Nix dumps is read, with the hash that Nix gives it, and becomes what it was', async (t) => {
  const tree = join(await scratch(t), 'tree');
  await mkdir(join(tree, 'bin/empty'), { recursive: true });
  await writeFile(join(tree, 'bin/run'), '#!/bin/sh\n');
  await chmod(join(tree, 'bin/run'), 0o755);
  await writeFile(join(tree, 'big'), Buffer.alloc(3 * 2 ** 20 + 5, 'ab'));
  await symlink('../etc/passwd', join(tree, 'link'));
  const dump = execFileSync('nix-store', ['--dump', tree], { maxBuffer: 2 ** 24 });
  const target = join(await scratch(t), 'out');
  const { sha256, bytes } = await read(t, dump, target);
  t.is(bytes, dump.length);
  t.is(sha256, execFileSync('sha256sum', { input: dump, encoding: 'utf8' }).slice(0, 64));
  for (const path of [tree, target]) t.is(await hashOfPath(path), sha256);
  const run = await stat(join(target, 'bin/run'));
  t.deepEqual([run.mode & 0o7777, run.mtimeMs], [0o555, 1000]);
  t.is((await stat(join(target, 'big'))).mode & 0o7777, 0o444);
  t.is(await readlink(join(target, 'link')), '../etc/passwd');
  t.deepEqual(execFileSync('nix-store', ['--dump', target], { maxBuffer: 2 ** 24 }), dump);
});

const broken: readonly (readonly [title: string, bytes: Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['something else', Buffer.from('PK\u0003\u0004 and so on, for more than eight bytes')],
  ['one that is cut off', archive(file).subarray(0, -8)],
  ['something behind the end', Buffer.concat([archive(file), Buffer.alloc(8)])],
  ['a type that there is not', archive(['(', 'type', 'device', ')'])],
  ['the parent as a name', archive(directory(entry('..')))],
  ['a path as a name', archive(directory(entry('a/../../b')))],
  ['no name', archive(directory(entry('')))],
  ['a name with NUL', archive(directory(entry('a\0b')))],
  [
    'a name twice: what is below a link would lie elsewhere',
    archive(directory(entry('a', ['(', 'type', 'symlink', 'target', '/etc', ')']), entry('a'))),
  ],
  ['names out of order', archive(directory(entry('b'), entry('a')))],
  ['a link to nowhere', archive(['(', 'type', 'symlink', 'target', '', ')'])],
  [
    'a length beyond all files',
    Buffer.concat([words('nix-archive-1', '(', 'type', 'regular', 'contents'), Buffer.alloc(8, 0xff)]),
  ],
  ['a word of a gigabyte', Buffer.concat([words('nix-archive-1'), Buffer.from([0, 0, 0, 64, 0, 0, 0, 0])])],
  [
    'padding that is something',
    Buffer.from(archive(file).toString('latin1').replace('type\0\0\0\0', 'type\0\0\0x'), 'latin1'),
  ],
  [
    'directories in each other without end',
    archive([
      ...Array.from({ length: 300 }, () => [
        '(',
        'type',
        'directory',
        'entry',
        '(',
        'name',
        'd',
        'node',
      ]).flat(),
      ...file,
    ]),
  ],
];
for (const [title, bytes] of broken) {
  test(`refused: ${title}`, async (t) => {
    const place = await scratch(t);
    await t.throwsAsync(read(t, bytes, join(place, 'out')), { instanceOf: BrokenArchive });
    await t.throwsAsync(read(t, bytes, null), { instanceOf: BrokenArchive });
    // Nothing beside what is being made.
    t.true((await readdir(place)).every((name) => name === 'out'));
  });
}

const name = '0123456789abcdfghijklmnpqrsvwxyz-a';
const path = { name, sha256: 'ab'.repeat(32), bytes: 120, references: [name, `${name}b`] };

test('what is said of a path is written and read', (t) => {
  t.deepEqual(readRegistration(registrationText(path)), path);
  t.deepEqual(readNarInfo(narInfoText(path)), path);
  const alone = { ...path, references: [] };
  t.deepEqual(readRegistration(registrationText(alone)), alone);
  t.deepEqual(readNarInfo(narInfoText(alone)), alone);
});

test('what is said of no path is none', (t) => {
  const good = registrationText(path);
  for (const text of [
    '',
    good.replace('/nix/store/', '/nix/'),
    good.replace(`/nix/store/${name}\n`, '/nix/store/../../etc\n'),
    good.replace('\nab', '\nxy'),
    good.replace('120', '-1'),
    good.replace('\n2\n', '\n3\n'),
    `${good}/nix/store/${name}\n`,
    good.replaceAll(name, `.${name}`),
  ])
    t.is(readRegistration(text), null, JSON.stringify(text));
  const info = narInfoText(path);
  t.is(readNarInfo(info.replace('nar/', 'nar/../')), null);
  t.is(readNarInfo(`${info}Sig: x\n`), null);
});

test('a change of any byte is a change of the hash', async (t) => {
  const tree = join(await scratch(t), 'tree');
  await mkdir(tree);
  await writeFile(join(tree, 'a'), 'one');
  const before = await hashOfPath(tree);
  await writeFile(join(tree, 'a'), 'onE');
  t.not(await hashOfPath(tree), before);
  await writeFile(join(tree, 'a'), 'one');
  t.is(await hashOfPath(tree), before);
  await chmod(join(tree, 'a'), 0o755);
  t.not(await hashOfPath(tree), before);
  t.is((await readFile(join(tree, 'a'), 'utf8')).length, 3);
});
