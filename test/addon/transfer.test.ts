import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmod,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { FaultError, Json, TransferFile, TransferOrder } from '../../types/addon.js';
import { loadAddon } from '../../src/addon/load.js';
import { cachedBytes } from '../helpers/cached-bytes.js';
import { startFresh } from '../helpers/fresh-process.js';
import { scratch } from '../helpers/image.js';

const { addon } = loadAddon();

const copy = (source: string, target = '', more: Partial<TransferFile> = {}): TransferFile => ({
  source,
  target,
  expected: '',
  mode: 0o640,
  offset: 0,
  length: null,
  continues: false,
  ...more,
});

function order(
  root: string,
  files: readonly TransferFile[],
  more: Partial<TransferOrder> = {},
): Json<TransferOrder> {
  const whole = {
    root,
    files,
    sha256: true,
    blake3: true,
    sparse: true,
    pastCache: false,
    readBack: false,
    share: false,
    ...more,
  };
  return JSON.stringify(whole);
}

async function fault(t: ExecutionContext, work: Promise<unknown>): Promise<FaultError['fault']> {
  const error = await t.throwsAsync<FaultError>(work);
  return error.fault;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

// Official test vectors of BLAKE3: the input counts from 0 to 250 and begins again.
const vectors: readonly [number, string][] = [
  [0, 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'],
  [1, '2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213'],
  [1024, '42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7'],
  [102400, 'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085'],
];

for (const [size, digest] of vectors) {
  test(`BLAKE3 of ${size} bytes`, async (t) => {
    const directory = await scratch(t);
    await writeFile(
      join(directory, 'f'),
      Uint8Array.from({ length: size }, (_, at) => at % 251),
    );
    const [result] = await new addon.Transfer(order(directory, [copy('f')])).run();
    t.is(result?.blake3, digest);
  });
}

// Around one buffer, where another way of hashing begins, and around blocks.
for (const size of [0, 1, 4095, 4096, 4097, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, (20 << 20) + 4099]) {
  test(`${size} bytes arrive, with their digests, and are read back from the disk`, async (t) => {
    const directory = await scratch(t);
    const bytes = randomBytes(size);
    await writeFile(join(directory, 'from'), bytes);
    const transfer = new addon.Transfer(order(directory, [copy('from', join(directory, 'to'))]));
    const [copied] = await transfer.run();
    t.true(bytes.equals(await readFile(join(directory, 'to'))));
    t.like(copied, { size, sha256: sha256(bytes) });
    t.is((await stat(join(directory, 'to'))).mode & 0o777, 0o640);
    t.deepEqual(transfer.progress(), { bytes: size, verified: 0, file: 1 });
    const back = order(directory, [copy('to')], { pastCache: true });
    const [read] = await new addon.Transfer(back).run();
    t.deepEqual([read?.blake3, read?.sha256], [copied?.blake3, copied?.sha256]);
  });
}

test('holes stay holes, or are filled', async (t) => {
  const directory = await scratch(t);
  const size = 64 << 20;
  const handle = await open(join(directory, 'from'), 'w');
  await handle.write('begin', 0);
  await handle.write('middle', 20 << 20);
  await handle.truncate(size);
  await handle.close();
  const run = async (name: string, sparse: boolean) =>
    (await new addon.Transfer(order(directory, [copy('from', join(directory, name))], { sparse })).run())[0];
  const [kept, filled] = [await run('kept', true), await run('filled', false)];
  const digest = sha256(await readFile(join(directory, 'from')));
  t.deepEqual([kept?.sha256, filled?.sha256], [digest, digest]);
  t.is(kept?.blake3, filled?.blake3);
  for (const name of ['kept', 'filled']) t.is(sha256(await readFile(join(directory, name))), digest);
  t.true((await stat(join(directory, 'kept'))).blocks * 512 < 1 << 20);
  t.true((await stat(join(directory, 'filled'))).blocks * 512 >= size);
});

test('what was cached of the source stays so, and of the target nothing does', async (t) => {
  const directory = await scratch(t);
  await writeFile(join(directory, 'from'), randomBytes(48 << 20));
  await new addon.Transfer(order(directory, [copy('from', join(directory, 'to'))])).run();
  const cached = await cachedBytes(join(directory, 'from'));
  // tmpfs is its own cache.
  if ((await cachedBytes(join(directory, 'to'))) === 48 << 20 && cached === 48 << 20) return t.pass();
  t.true(cached > 40 << 20, `${cached} of the source`);
  t.true((await cachedBytes(join(directory, 'to'))) < 4 << 20);
});

// Smaller and larger than a buffer, and than what is read back while it is written.
for (const part of [1000, 4 << 20, (5 << 20) + 1, 70 << 20])
  test(`parts of ${part} bytes, and the whole of them again`, async (t) => {
    const directory = await scratch(t);
    const bytes = randomBytes(part === 1000 ? 3500 : 2 * part + 4097);
    await writeFile(join(directory, 'from'), bytes);
    const lengths = Array.from({ length: Math.ceil(bytes.length / part) }, (_, at) =>
      Math.min(part, bytes.length - at * part),
    );
    const apart = lengths.map((length, at) =>
      copy('from', join(directory, `part-${at}`), { offset: at * part, length, continues: at > 0 }),
    );
    const split = await new addon.Transfer(order(directory, apart)).run();
    t.deepEqual(
      split.map(({ size }) => size),
      lengths,
    );
    for (const [at, length] of lengths.entries()) {
      const these = bytes.subarray(at * part, at * part + length);
      t.true(these.equals(await readFile(join(directory, `part-${at}`))), `part ${at}`);
      t.is(split[at]?.sha256, sha256(these));
    }
    t.deepEqual(
      split.map(({ whole }) => whole),
      lengths.map((_, at) => (at === lengths.length - 1 ? sha256(bytes) : '')),
    );

    const together = lengths.map((_, at) => copy(`part-${at}`, join(directory, 'to'), { continues: at > 0 }));
    const transfer = new addon.Transfer(order(directory, together, { readBack: true }));
    const joined = (await transfer.run()).at(-1);
    t.true(bytes.equals(await readFile(join(directory, 'to'))));
    t.is(joined?.whole, sha256(bytes));
    t.is(transfer.progress().bytes, bytes.length);
    const [read] = await new addon.Transfer(order(directory, [copy('to')])).run();
    t.is(read?.sha256, joined?.whole);
    t.is(joined?.readBack, part > 64 << 20 ? 'same' : '');
  });

test('a part of a file with holes, and one that is not there', async (t) => {
  const directory = await scratch(t);
  const handle = await open(join(directory, 'from'), 'w');
  await handle.write('data', 8 << 20);
  await handle.truncate(32 << 20);
  await handle.close();
  const whole = await readFile(join(directory, 'from'));
  for (const [offset, length] of [
    [0, 1 << 20],
    [1000, 9 << 20],
    [(8 << 20) + 2, 20 << 20],
    [32 << 20, 0],
  ] as const) {
    const target = join(directory, `to-${offset}`);
    const [copied] = await new addon.Transfer(
      order(directory, [copy('from', target, { offset, length })]),
    ).run();
    const bytes = whole.subarray(offset, offset + length);
    t.true(bytes.equals(await readFile(target)));
    t.like(copied, { size: length, sha256: sha256(bytes) });
    t.true((await stat(target)).blocks * 512 < 1 << 20, 'holes stay');
  }
  for (const range of [{ offset: 33 << 20 }, { offset: 1, length: 32 << 20 }])
    t.like(await fault(t, new addon.Transfer(order(directory, [copy('from', '', range)])).run()), {
      step: 'copy.changed',
    });
});

for (const sparse of [true, false])
  test(`a large file is read back while it is written, ${sparse ? 'unless it has holes' : 'all of it'}`, async (t) => {
    const directory = await scratch(t);
    const size = (150 << 20) + 4099;
    const handle = await open(join(directory, 'from'), 'w');
    await handle.write(randomBytes(80 << 20), 0, 80 << 20, 1 << 20);
    await handle.write(randomBytes(99), 0, 99, size - 99);
    await handle.close();
    await writeFile(join(directory, 'small'), 'small');
    const files = ['from', 'small'].map((name) => copy(name, join(directory, `${name}-copy`)));
    const transfer = new addon.Transfer(order(directory, files, { sparse, readBack: true }));
    const [large, small] = await transfer.run();
    t.is(large?.readBack, sparse ? '' : 'same');
    t.is(small?.readBack, '', 'is for the caller to read back');
    t.deepEqual(transfer.progress(), { bytes: size + 5, verified: sparse ? 0 : size, file: 2 });
    const [read] = await new addon.Transfer(order(directory, [copy('from-copy')], { pastCache: true })).run();
    t.is(read?.blake3, large?.blake3);
  });

test('what was not cached of the source does not become so', async (t) => {
  const directory = await scratch(t);
  const from = join(directory, 'from');
  await writeFile(from, randomBytes(20 << 20));
  await promisify(execFile)('dd', [`if=${from}`, 'iflag=nocache', 'count=0', 'status=none']);
  await promisify(execFile)('sync', [from]);
  await promisify(execFile)('dd', [`if=${from}`, 'iflag=nocache', 'count=0', 'status=none']);
  const before = await cachedBytes(from);
  await new addon.Transfer(order(directory, [copy('from', join(directory, 'to'))])).run();
  t.true((await cachedBytes(from)) <= before);
});

test('nothing is followed, and nothing outside is opened', async (t) => {
  const directory = await scratch(t);
  await mkdir(join(directory, 'root/below'), { recursive: true });
  const root = join(directory, 'root');
  await writeFile(join(directory, 'outside'), 'x');
  await symlink('../outside', join(root, 'link'));
  await symlink('..', join(root, 'up'));
  for (const [source, errno] of [
    ['link', 40],
    ['up/outside', 40],
    ['../outside', 18],
    ['/etc/passwd', 18],
    ['nothing', 2],
  ] as const)
    t.like(await fault(t, new addon.Transfer(order(root, [copy(source)])).run()), {
      step: 'copy.open',
      errno,
      path: source,
    });
  t.like(await fault(t, new addon.Transfer(order(root, [copy('below')])).run()), { step: 'copy.kind' });
});

test('a target that is there is not touched, and a link is not followed', async (t) => {
  const directory = await scratch(t);
  for (const name of ['from', 'there']) await writeFile(join(directory, name), name);
  await symlink('nowhere', join(directory, 'link'));
  for (const name of ['there', 'link']) {
    const failed = await fault(
      t,
      new addon.Transfer(order(directory, [copy('from', join(directory, name))])).run(),
    );
    t.like(failed, { step: 'copy.create', errno: 17 });
  }
  t.is(await readFile(join(directory, 'there'), 'utf8'), 'there');
  t.deepEqual((await readdir(directory)).sort(), ['from', 'link', 'there']);
});

test('a file that is another one than was seen', async (t) => {
  const directory = await scratch(t);
  await writeFile(join(directory, 'from'), 'one');
  const [entry] = await addon.listTree(directory, 10);
  const expected = entry?.version ?? '';
  t.is((await new addon.Transfer(order(directory, [copy('from', '', { expected })])).run()).length, 1);
  await writeFile(join(directory, 'from'), 'two');
  t.like(await fault(t, new addon.Transfer(order(directory, [copy('from', '', { expected })])).run()), {
    step: 'copy.changed',
  });
});

test('cancelled before and during', async (t) => {
  const directory = await scratch(t);
  await writeFile(join(directory, 'from'), randomBytes(64 << 20));
  const early = new addon.Transfer(order(directory, [copy('from')]));
  early.cancel();
  t.like(await fault(t, early.run()), { step: 'copy.cancelled' });
  // Long enough for a thread that is kept waiting.
  await truncate(join(directory, 'from'), 4 * 2 ** 30);
  const late = new addon.Transfer(order(directory, [copy('from')], { sparse: false }));
  const running = late.run();
  setImmediate(() => late.cancel());
  t.like(await fault(t, running), { step: 'copy.cancelled' });
  t.throws(() => void late.run(), { instanceOf: TypeError });
});

test('a malformed order', (t) => {
  const good = JSON.parse(order('/', [copy('x')])) as TransferOrder;
  for (const bad of [
    [],
    {},
    { ...good, root: 1 },
    { ...good, files: [{}] },
    { ...good, more: 1 },
    { ...good, files: [copy('a\0b')] },
    { ...good, files: [copy('x', '', { offset: -1 })] },
    { ...good, files: [copy('x', '', { length: 0.5 })] },
  ])
    t.throws(() => new addon.Transfer(JSON.stringify(bad)), { instanceOf: TypeError });
  for (const bad of [undefined, good, '', '{'])
    t.throws(() => new addon.Transfer(bad as string), { instanceOf: TypeError });
});

test('a listing', async (t) => {
  const directory = await scratch(t);
  await mkdir(join(directory, 'b/empty'), { recursive: true });
  await writeFile(join(directory, 'b/file'), 'abc');
  await link(join(directory, 'b/file'), join(directory, 'a'));
  await chmod(join(directory, 'a'), 0o755);
  await symlink('/', join(directory, 'c'));
  const entries = await addon.listTree(directory, 10);
  t.deepEqual(
    entries.map(({ path, kind, links, executable }) => [
      Buffer.from(path).toString(),
      kind,
      kind === 'file' ? links : 0,
      executable,
    ]),
    [
      ['a', 'file', 2, true],
      ['b', 'directory', 0, true],
      ['b/empty', 'directory', 0, true],
      ['b/file', 'file', 2, true],
      ['c', 'link', 0, true],
    ],
  );
  t.like(await fault(t, addon.listTree(directory, 4)), { step: 'tree.size' });
  t.like(await fault(t, addon.listTree(join(directory, 'nothing'), 4)), { step: 'tree.open', errno: 2 });
});

test('a lock holds off others of this process and of others, and goes with its process', async (t) => {
  const directory = await scratch(t);
  const path = join(directory, 'lock');
  t.like(await fault(t, addon.lockFile(path, false, '')), { step: 'lock.open', errno: 2 });
  const lock = await addon.lockFile(path, true, 'a note');
  t.not(lock, null);
  t.is(await readFile(path, 'utf8'), 'a note');
  t.is(await addon.lockFile(path, true, 'another'), null);
  t.is(await readFile(path, 'utf8'), 'a note');
  addon.unlockFile(lock!);
  addon.unlockFile(lock!);
  const holder = startFresh(`
    import bindings from 'bindings';
    const addon = bindings({ bindings: 'anchor_rooms.node', module_root: process.cwd(), try: [['module_root', 'build', 'Release', 'bindings']] });
    console.log(await addon.lockFile(${JSON.stringify(path)}, true, 'theirs') !== null);
    setInterval(() => {}, 1000);
  `);
  t.is(await holder.line(), 'true');
  t.is(await addon.lockFile(path, true, ''), null);
  holder.child.kill('SIGKILL');
  await holder.ended;
  const again = await addon.lockFile(path, true, '');
  t.not(again, null);
  addon.unlockFile(again!);
});

test('a worker that is terminated while it copies takes its transfer and its locks along', async (t) => {
  const directory = await scratch(t);
  await writeFile(join(directory, 'from'), randomBytes(64 << 20));
  const file = copy('from', join(directory, 'to'));
  const load = `
    import bindings from 'bindings';
    const addon = bindings({ bindings: 'anchor_rooms.node', module_root: process.cwd(), try: [['module_root', 'build', 'Release', 'bindings']] });
  `;
  const inside = `${load}
    import { parentPort } from 'node:worker_threads';
    await addon.lockFile('${directory}/lock', true, '');
    void new addon.Transfer(${JSON.stringify(order(directory, [file]))}).run();
    parentPort.postMessage('runs');
  `;
  const ended = await startFresh(`${load}
    import { Worker } from 'node:worker_threads';
    const worker = new Worker(${JSON.stringify(inside)}, { eval: true });
    await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
    console.log('terminated', await addon.lockFile('${directory}/lock', true, '') !== null);
  `).ended;
  t.deepEqual([ended.code, ended.stdout, ended.stderr], [0, 'terminated true\n', '']);
});
