import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { packCapsule } from '../../src/capsule/pack.js';
import type { CapsuleRequest } from '../../src/capsule/pack-request.js';
import { compareReceipts, makeReceipt } from '../../src/capsule/receipt.js';
import { verifyCapsule } from '../../src/capsule/verify.js';
import type { ErrorCode, RoomError } from '../../src/errors.js';
import { listedTags, packedSample, sample, someBytes } from './sample.js';

const run = promisify(execFile);

/** All files below a directory, sorted. */
async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

const tagFiles = [...listedTags, 'tagmanifest-sha256.txt'];

test('a capsule has the files of the format, and sha256sum agrees with it', async (t) => {
  const { packed, request } = await packedSample(t);
  t.is(packed.path, request.output);
  t.deepEqual(await filesIn(packed.path), [
    ...tagFiles.slice(0, 5),
    'data/flake/anchor.env.json',
    'data/flake/flake.lock',
    'data/flake/flake.nix',
    'data/flake/lib/default.nix',
    'data/plank/plank.sqsh',
    'data/room/room.json',
    'data/weights/net/config/empty',
    'data/weights/net/config/model_a_.json',
    'data/weights/net/config/run.sh',
    'data/weights/net/readme.md',
    'data/weights/tiny.gguf',
    ...tagFiles.slice(5),
  ]);
  const sums = ['manifest-sha256.txt', 'tagmanifest-sha256.txt', 'assembled-sha256.txt'];
  await t.notThrowsAsync(run('sha256sum', ['--strict', '--quiet', '-c', ...sums], { cwd: packed.path }));
  // Another program that reads the same lines.
  for (const file of sums)
    await t.notThrowsAsync(run('busybox', ['sha256sum', '-s', '-c', file], { cwd: packed.path }));
  const manifest = await readFile(join(packed.path, 'manifest-sha256.txt'));
  t.is(packed.id, (await run('sha256sum', [join(packed.path, 'manifest-sha256.txt')])).stdout.slice(0, 64));
  t.is(manifest.toString().split('\n').length - 1, packed.files);
  t.is(
    await readFile(join(packed.path, 'bagit.txt'), 'utf8'),
    'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n',
  );
  t.regex(
    await readFile(join(packed.path, 'bag-info.txt'), 'utf8'),
    new RegExp(`^Payload-Oxum: ${packed.bytes}\\.${packed.files}\nBagging-Date: 2026-11-21\n`),
  );
  t.deepEqual(await readdir(join(request.output, '..')), [
    'flake',
    'net',
    'room.sqsh',
    'tiny.capsule',
    'tiny.gguf',
    'tree',
  ]);
});

test('the spec in it has the plank of the capsule, and its keys in order', async (t) => {
  const { packed } = await packedSample(t);
  const spec = JSON.parse(await readFile(join(packed.path, 'data/room/room.json'), 'utf8')) as object;
  t.deepEqual(spec, packed.room);
  t.deepEqual(Object.keys(spec), ['command', 'env', 'plank', 'plankDigest']);
  t.is(packed.room.plank, 'data/plank/plank.sqsh');
  t.is(packed.room.plankDigest, `sha256:${packed.contents.plank.sha256}`);
});

test('the same content is the same bytes, wherever it lay', async (t) => {
  const first = await packedSample(t);
  const second = await packedSample(t);
  t.not(first.directory, second.directory);
  t.is(first.packed.id, second.packed.id);
  await t.notThrowsAsync(run('diff', ['-r', first.packed.path, second.packed.path]));
});

test('large files are in parts, which cat puts together', async (t) => {
  const { packed, request, directory } = await packedSample(t, { split: '40kB' });
  t.is(packed.split, 1);
  const weights = join(packed.path, 'data/weights');
  t.deepEqual((await readdir(weights)).sort(), [
    'net',
    'tiny.gguf.part-0000',
    'tiny.gguf.part-0001',
    'tiny.gguf.part-0002',
  ]);
  t.deepEqual(
    await Promise.all([0, 1, 2].map(async (i) => (await stat(join(weights, `tiny.gguf.part-000${i}`))).size)),
    [40_000, 40_000, 20_000],
  );
  await run('sha256sum', ['--strict', '--quiet', '-c', 'manifest-sha256.txt', 'tagmanifest-sha256.txt'], {
    cwd: packed.path,
  });
  t.true((await verifyCapsule(packed.path)).ok);

  const readme = await readFile(join(packed.path, 'README.txt'), 'utf8');
  const command = /^ {4}(cat .*)$/m.exec(readme)?.[1] ?? '';
  await run('sh', ['-c', command], { cwd: packed.path });
  await run('sha256sum', ['--strict', '--quiet', '-c', 'assembled-sha256.txt'], { cwd: packed.path });
  t.deepEqual(await readFile(join(weights, 'tiny.gguf')), await readFile(join(directory, 'tiny.gguf')));

  const exact = await packCapsule({ ...request, output: join(directory, 'exact.capsule'), split: 100_000 });
  t.is(exact.split, 0, 'a file of that size is whole');
});

test('a receipt travels along, if it is of what is packed', async (t) => {
  const { packed, request, directory } = await packedSample(t);
  const weights = Object.fromEntries(
    packed.contents.weights.map(({ name, files }) => [name, files[0]!.sha256]),
  );
  const of = (more: object) =>
    makeReceipt({
      room: request.room,
      plank: packed.contents.plank.sha256,
      weights: { ...weights, net: 'a'.repeat(64) },
      outcome: { reason: 'exited', exitCode: 0, signal: null },
      outputs: { stdout: Buffer.from('hello\n') },
      ...more,
    });
  const output = join(directory, 'other.capsule');
  const net = await treeDigest(join(directory, 'net'));
  const good = await of({ weights: { ...weights, net } });
  const again = await packCapsule({ ...request, output, expected: good });
  t.deepEqual(again.contents.expected, good);
  const { contents } = await verifyCapsule(output);
  t.true(compareReceipts(contents!.expected!, good).identical);

  const others = [
    await of({}),
    await of({ weights }),
    await of({ weights: { ...weights, net }, plank: 'b'.repeat(64) }),
    await of({ weights: { ...weights, net }, room: { ...request.room, command: ['other'] } }),
  ];
  for (const expected of others) {
    const output = join(directory, 'refused.capsule');
    await t.throwsAsync(packCapsule({ ...request, output, expected }), { code: 'ERR_COURIER_SOURCE' });
  }
  t.false((await readdir(directory)).some((name) => name.startsWith('refused')));
});

/** As docs/vault.md says: what sha256sum prints of it, hashed. */
async function treeDigest(directory: string): Promise<string> {
  const script = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum";
  return (await run('sh', ['-c', script], { cwd: directory })).stdout.slice(0, 64);
}

const refused: readonly (readonly [
  what: string,
  change: (
    directory: string,
    request: CapsuleRequest,
  ) => Partial<CapsuleRequest> | Promise<Partial<CapsuleRequest>>,
  code: ErrorCode,
])[] = [
  [
    'a mount of a host directory',
    (_, { room }) => ({ room: { ...room, mounts: [{ host: '/usr', at: '/x' }] } }),
    'ERR_COURIER_SOURCE',
  ],
  [
    'a mount of what a vault has, without that vault',
    (_, { room }) => ({ room: { ...room, mounts: [{ vault: 'models/other', at: '/x' }] } }),
    'ERR_ROOM_SPEC_TYPE',
  ],
  ['a descriptor', (_, { room }) => ({ room: { ...room, stdio: 'inherit' } }), 'ERR_COURIER_SOURCE'],
  [
    'a spec that is none',
    (_, { room }) => ({ room: { ...room, memory: 1 } as never }),
    'ERR_ROOM_SPEC_UNKNOWN_KEY',
  ],
  [
    'an output of another name',
    (directory) => ({ output: join(directory, 'tiny.bag') }),
    'ERR_ROOM_SPEC_VALUE',
  ],
  [
    'an output that no FAT takes',
    (directory) => ({ output: join(directory, 'Tiny!.capsule') }),
    'ERR_ROOM_SPEC_VALUE',
  ],
  [
    'weights of a bad name',
    (directory) => ({ weights: { '../x': join(directory, 'tiny.gguf') } }),
    'ERR_ROOM_SPEC_VALUE',
  ],
  [
    'weights that are not there',
    (directory) => ({ weights: { x: join(directory, 'none') } }),
    'ERR_VAULT_SOURCE',
  ],
  [
    'a plank that is none',
    (directory) => ({ plank: join(directory, 'tiny.gguf') }),
    'ERR_ROOM_PLANK_INVALID',
  ],
  ['a flake without a lock', (directory) => ({ flake: join(directory, 'tree') }), 'ERR_COURIER_SOURCE'],
  ['parts too small', () => ({ split: 10 }), 'ERR_ROOM_SPEC_VALUE'],
  [
    'something of a vault without one',
    () => ({ weights: { x: { vault: 'models/x' } } }),
    'ERR_ROOM_SPEC_TYPE',
  ],
  ['a key that is none', (directory) => ({ sign: join(directory, 'tiny.gguf') }), 'ERR_COURIER_SIGNATURE'],
  ['a field that is none', () => ({ weigths: {} }) as object, 'ERR_ROOM_SPEC_UNKNOWN_KEY'],
  [
    'a file too deep',
    async (directory) => {
      const deep = 'd/'.repeat(40);
      await mkdir(join(directory, 'net', deep), { recursive: true });
      await writeFile(join(directory, 'net', deep, 'file'), '');
      return {};
    },
    'ERR_COURIER_SOURCE',
  ],
  [
    'a link in a directory',
    async (directory) => {
      await symlink('/etc/passwd', join(directory, 'net/link'));
      return {};
    },
    'ERR_VAULT_SOURCE',
  ],
  [
    'an output that is there',
    async (_, { output }) => {
      await mkdir(output);
      return {};
    },
    'ERR_COURIER_TARGET',
  ],
  [
    'an output that somebody packs already',
    async (_, { output }) => {
      await mkdir(`${output}.partial`);
      return {};
    },
    'ERR_COURIER_TARGET',
  ],
];

for (const [what, change, code] of refused) {
  test(`not packed: ${what}`, async (t) => {
    const { directory, request } = await sample(t);
    const more = await change(directory, request);
    const before = await filesIn(directory);
    const error = await t.throwsAsync<RoomError>(packCapsule({ ...request, ...more }));
    t.is(error.code, code, error.message);
    t.deepEqual(await filesIn(directory), before);
  });
}

test('stopped in the middle, nothing is left', async (t) => {
  const { directory, request } = await sample(t);
  await writeFile(join(directory, 'tiny.gguf'), someBytes(1 << 20));
  for (const phase of ['copy', 'verify']) {
    const controller = new AbortController();
    const phases = new Set<string>();
    const packing = packCapsule(request, {
      signal: controller.signal,
      onProgress: (progress) => {
        phases.add(progress.phase);
        if (progress.phase === phase) controller.abort(new Error('enough'));
      },
    });
    await t.throwsAsync(packing, { message: 'enough' });
    t.true(phases.has(phase));
    t.false((await readdir(directory)).some((name) => name.includes('capsule')));
  }
});
