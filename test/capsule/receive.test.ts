import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packCapsule } from '../../src/capsule/pack.js';
import { receiveCapsule, unmetBy } from '../../src/capsule/receive.js';
import { verifyCapsule } from '../../src/capsule/verify.js';
import { Vault } from '../../src/vault/vault.js';
import { packedSample, sample, someBytes } from './sample.js';

const anybody = { acceptUnsigned: true };

async function newVault(t: ExecutionContext, directory: string, name = 'vault'): Promise<Vault> {
  const vault = await Vault.init(join(directory, name));
  t.teardown(() => vault.close());
  return vault;
}

/** What of a vault is to stay as it was. */
async function stored(vault: Vault): Promise<string[]> {
  return (await vault.list()).flatMap(({ reference, active, generations }) => [
    `${reference}: ${active} of ${generations.length}`,
  ]);
}

for (const split of [undefined, '40kB'] as const) {
  test(`what was packed comes out of the other vault as it was${split === undefined ? '' : ', in parts on the way'}`, async (t) => {
    const { packed, directory } = await packedSample(t, split === undefined ? {} : { split });
    const vault = await newVault(t, directory);
    const temporary = join(directory, 'temporary');
    await mkdir(temporary);
    const received = await receiveCapsule(packed.path, vault, { ...anybody, temporary });
    t.deepEqual(received.weights, ['models/net@1', 'models/tiny.gguf@1']);
    t.deepEqual([received.plank, received.flake], ['planks/tiny@1', 'flakes/tiny@1']);
    t.deepEqual([received.id, received.name, received.unmet], [packed.id, 'tiny', []]);
    t.deepEqual(received.room, packed.room);
    t.deepEqual(await readdir(temporary), []);

    const at = async (reference: string): Promise<string> => (await vault.inspect(reference)).path;
    t.deepEqual(await readFile(await at('models/tiny.gguf')), someBytes(100_000));
    t.deepEqual(await readFile(await at('planks/tiny')), await readFile(join(directory, 'room.sqsh')));
    const net = await at('models/net');
    t.deepEqual(
      (await readdir(net, { recursive: true })).sort(),
      (await readdir(join(directory, 'net'), { recursive: true })).sort(),
    );
    t.is(await readFile(join(net, 'config/Model A%.json'), 'utf8'), '{}');
    t.is((await stat(join(net, 'config/run.sh'))).mode & 0o111, 0o111);
    t.is((await stat(join(net, 'README.md'))).mode & 0o111, 0);
    t.deepEqual((await readdir(await at('flakes/tiny'))).sort(), [
      'anchor.env.json',
      'flake.lock',
      'flake.nix',
      'lib',
    ]);

    const { meta } = await vault.inspect('models/net');
    t.is(meta.transfer, received.transfer);
    t.deepEqual([meta.source.type, meta.source['capsule']], ['capsule', packed.id]);
    t.true((await vault.verify()).ok);
    const entries = [];
    for await (const entry of vault.log()) if (entry.operation === 'receive') entries.push(entry.phase);
    t.deepEqual(entries, ['begin', 'done']);
  });
}

test('what was there becomes an older generation, all at once', async (t) => {
  const { packed, directory } = await packedSample(t);
  const vault = await newVault(t, directory);
  await vault.put('models/tiny.gguf', join(directory, 'room.sqsh'));
  const received = await receiveCapsule(packed.path, vault, { ...anybody, name: 'other' });
  t.deepEqual([received.plank, received.weights], ['planks/other@1', ['models/net@1', 'models/tiny.gguf@2']]);
  t.is((await vault.inspect('models/tiny.gguf')).generation, 2);
  t.is((await vault.rollback('models/tiny.gguf')).generation, 1);
});

test('a capsule of what a vault has, with its id and the head of its log', async (t) => {
  const { directory, request } = await sample(t);
  const vault = await newVault(t, directory);
  await vault.put('models/tiny.gguf', join(directory, 'tiny.gguf'));
  await vault.put('models/tiny.gguf', join(directory, 'room.sqsh'));
  const packed = await packCapsule({
    ...request,
    vault,
    weights: { 'tiny.gguf': { vault: 'models/tiny.gguf@1' } },
  });
  t.deepEqual(await readFile(join(packed.path, 'data/weights/tiny.gguf')), someBytes(100_000));
  const verified = await verifyCapsule(packed.path);
  t.is(verified.vaultId, vault.id);
  const heads = new Map<string, string>();
  for await (const { operation, phase, prev } of vault.log()) heads.set(`${operation} ${phase}`, prev);
  t.is(verified.auditHead, heads.get('pack done') ?? null);
  t.deepEqual(await vault.remove('models/tiny.gguf@1'), ['models/tiny.gguf@1'], 'its lease is given back');
});

test('nobody is trusted unless that was said', async (t) => {
  const { packed, directory } = await packedSample(t);
  const vault = await newVault(t, directory);
  const signers = join(directory, 'signers');
  await writeFile(signers, '');
  await t.throwsAsync(receiveCapsule(packed.path, vault, {}), { code: 'ERR_COURIER_UNTRUSTED' });
  await t.throwsAsync(receiveCapsule(packed.path, vault, { signers }), { code: 'ERR_COURIER_UNTRUSTED' });
  t.deepEqual(await stored(vault), []);
});

const damages: readonly (readonly [
  what: string,
  damage: (capsule: string) => Promise<unknown>,
  code: string,
])[] = [
  [
    'a byte',
    (at) => writeFile(join(at, 'data/weights/tiny.gguf'), someBytes(100_000, 2)),
    'ERR_COURIER_DIGEST',
  ],
  ['a missing file', (at) => rm(join(at, 'data/weights/tiny.gguf')), 'ERR_COURIER_MISSING'],
  ['one too many', (at) => writeFile(join(at, 'data/weights/more'), ''), 'ERR_COURIER_EXTRA'],
  [
    'a link',
    async (at) => {
      await rm(join(at, 'data/weights/tiny.gguf'));
      await symlink('/etc/passwd', join(at, 'data/weights/tiny.gguf'));
    },
    'ERR_COURIER_KIND',
  ],
];

for (const [what, damage, code] of damages) {
  test(`a damaged capsule leaves the vault as it was: ${what}`, async (t) => {
    const { packed, directory } = await packedSample(t);
    const vault = await newVault(t, directory);
    await vault.put('models/tiny.gguf', join(directory, 'room.sqsh'));
    const before = await stored(vault);
    await damage(packed.path);
    await t.throwsAsync(receiveCapsule(packed.path, vault, anybody), { code });
    t.deepEqual(await stored(vault), before);
    const ends = [];
    for await (const entry of vault.log()) if (entry.operation === 'receive') ends.push(entry.code);
    t.deepEqual(ends, [undefined, code]);
  });
}

test('a failure in the middle takes back what was stored and was not yet active', async (t) => {
  const { packed, directory } = await packedSample(t);
  const vault = await newVault(t, directory);
  for (const name of ['models/net', 'models/tiny.gguf', 'planks/tiny'])
    await vault.put(name, join(directory, 'room.sqsh'));
  const before = await stored(vault);
  // Weights are stored first; then there is no place for the plank.
  const put = vault.put.bind(vault);
  vault.put = (reference, ...rest) =>
    reference.startsWith('planks/') ? Promise.reject(new Error('no more')) : put(reference, ...rest);
  await t.throwsAsync(receiveCapsule(packed.path, vault, anybody), { message: 'no more' });
  t.deepEqual(await stored(vault), before);
});

test('what is exchanged after it was verified is not taken', async (t) => {
  const { packed, directory } = await packedSample(t);
  const vault = await newVault(t, directory);
  await writeFile(join(directory, 'outside'), 'a secret');
  const path = join(packed.path, 'data/weights/tiny.gguf');
  let swapped = false;
  const receiving = receiveCapsule(packed.path, vault, {
    ...anybody,
    onProgress: ({ phase }) => {
      if (phase !== 'copy' || swapped) return;
      swapped = true;
      rmSync(path);
      symlinkSync(join(directory, 'outside'), path);
    },
  });
  // Directories come first, so that there is time: the link is met when the file is opened.
  await t.throwsAsync(receiving, { code: 'ERR_VAULT_SOURCE' });
  t.true(swapped);
  t.false((await stored(vault)).some((line) => line.startsWith('models/tiny.gguf')));
});

test('the directory that was verified is the one that is read', async (t) => {
  const { packed, directory } = await packedSample(t);
  const vault = await newVault(t, directory);
  let swapped = false;
  const { weights } = await receiveCapsule(packed.path, vault, {
    ...anybody,
    onProgress: ({ phase }) => {
      if (phase !== 'copy' || swapped) return;
      swapped = true;
      renameSync(packed.path, join(directory, 'elsewhere'));
      mkdirSync(packed.path);
    },
  });
  t.true(swapped);
  t.deepEqual(weights, ['models/net@1', 'models/tiny.gguf@1']);
});

test('what a machine has not is named', (t) => {
  const machine = { arch: 'x64', cpu: '', cpuFlags: ['avx'], kernel: '' };
  t.deepEqual(unmetBy(machine, { arch: 'x64', cpuFlags: ['avx'] }), []);
  t.deepEqual(unmetBy(machine, { arch: 'arm64', cpuFlags: ['avx', 'avx512f'] }), [
    'arch arm64',
    'cpu flag avx512f',
  ]);
});

test('a temporary directory that is not there', async (t) => {
  const { packed, directory } = await packedSample(t);
  const vault = await newVault(t, directory);
  await t.throwsAsync(
    receiveCapsule(packed.path, vault, { ...anybody, temporary: join(directory, 'none') }),
    { code: 'ERR_VAULT_TARGET' },
  );
  t.deepEqual(await stored(vault), []);
});
