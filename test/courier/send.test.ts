import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { loadAddon } from '../../src/addon/load.js';
import { lockName } from '../../src/courier/layout.js';
import {
  receiveParcel,
  RoomError,
  send,
  Vault,
  verifyCapsule,
  verifyParcel,
  type ErrorCode,
  type SendProgress,
  type SendRequest,
} from '../../src/index.js';
import { FileLock } from '../../src/vault/file-lock.js';
import { packedSample, someBytes } from '../capsule/sample.js';
import { scratch } from '../helpers/image.js';

const run = promisify(execFile);

/** A vault with things in it, files of the host, and an empty directory to send to. */
async function prepared(
  t: ExecutionContext,
): Promise<{ directory: string; at: (name: string) => string; to: string; vault: Vault }> {
  const directory = await scratch(t);
  const at = (name: string): string => join(directory, name);
  await mkdir(at('to'));
  await writeFile(at('tiny.gguf'), someBytes(300_000));
  await mkdir(at('net/config'), { recursive: true });
  await mkdir(at('net/logs'));
  await writeFile(at('net/config/Model A%.json'), '{}');
  await writeFile(at('net/run.sh'), '#!/bin/sh\n');
  await chmod(at('net/run.sh'), 0o755);
  const vault = await Vault.init(at('vault'));
  t.teardown(() => vault.close());
  await vault.put('models/tiny.gguf', at('tiny.gguf'));
  await vault.put('datasets/net', at('net'));
  return { directory, at, to: at('to'), vault };
}

async function refused(t: ExecutionContext, work: Promise<unknown>, code: ErrorCode): Promise<RoomError> {
  const error = await t.throwsAsync<RoomError>(work, { instanceOf: RoomError });
  t.is(error.code, code, error.message);
  return error;
}

async function logged(vault: Vault): Promise<string[]> {
  const lines: string[] = [];
  for await (const { operation, phase, code } of vault.log())
    if (operation === 'send' || operation === 'receive')
      lines.push(`${operation} ${phase}${code === undefined ? '' : ` ${code}`}`);
  return lines;
}

test('things of a vault and of the host become a parcel that anybody can check, and come back as they were', async (t) => {
  const { at, to, vault } = await prepared(t);
  await writeFile(at('My Notes.txt'), 'notes\n');
  const sent = await send({
    sources: [{ vault: 'models/tiny.gguf' }, { vault: 'datasets/net@1' }, at('My Notes.txt')],
    to: { directory: to },
    vault,
    name: 'load',
    split: '100kB',
  });
  const path = join(to, 'load.parcel');
  t.deepEqual(await readdir(to), ['load.parcel'], 'neither a lock nor anything half-done is left');
  t.is(sent.plan.path, path);
  t.is(sent.plan.split, 1);
  await run('sha256sum', ['--quiet', '--strict', '-c', 'tagmanifest-sha256.txt', 'manifest-sha256.txt'], {
    cwd: path,
  });
  t.deepEqual((await readdir(join(path, 'data/models'))).length, 3, 'in parts');
  const verified = await verifyParcel(path);
  t.deepEqual(verified.problems, []);
  t.is(verified.id, sent.id);
  t.is(verified.vaultId, vault.id);
  t.deepEqual(
    verified.contents?.items.map(({ reference }) => reference),
    ['models/tiny.gguf@1', 'datasets/net@1', null],
  );
  t.deepEqual(await logged(vault), ['send begin', 'send done']);

  await using other = await Vault.init(at('other'));
  await refused(t, receiveParcel(path, other, {}), 'ERR_COURIER_UNTRUSTED');
  await refused(t, receiveParcel(path, other, { acceptUnsigned: true }), 'ERR_COURIER_SOURCE');
  const received = await receiveParcel(path, other, { acceptUnsigned: true, kind: 'flakes' });
  t.deepEqual(received.stored, ['models/tiny.gguf@1', 'datasets/net@1', 'flakes/my_notes.txt@1']);
  t.deepEqual(await readFile(join(other.path, 'models/tiny.gguf')), await readFile(at('tiny.gguf')));
  const net = await other.inspect('datasets/net');
  t.is(net.meta.sha256, (await vault.inspect('datasets/net')).meta.sha256);
  t.deepEqual(net.meta.emptyDirectories, ['logs']);
  t.true(((await stat(join(net.path, 'run.sh'))).mode & 0o111) !== 0);
  t.like(net.meta.source, { type: 'parcel', parcel: sent.id });
});

test('what is damaged in a parcel is found, and not received', async (t) => {
  const { at, to, vault } = await prepared(t);
  await send({ sources: [{ vault: 'models/tiny.gguf' }], to: { directory: to }, vault });
  const path = join(to, 'tiny.gguf.parcel');
  const file = join(path, 'data/models/tiny.gguf');
  const bytes = await readFile(file);
  bytes[1000]! ^= 1;
  await writeFile(file, bytes);
  await writeFile(join(path, 'data/extra'), '');
  const { problems } = await verifyParcel(path);
  t.deepEqual(problems.map(({ code, path: at }) => [code, at]).sort(), [
    ['ERR_COURIER_DIGEST', 'data/models/tiny.gguf'],
    ['ERR_COURIER_EXTRA', 'data/extra'],
    ['ERR_COURIER_OXUM', 'bag-info.txt'],
  ]);
  await using other = await Vault.init(at('other'));
  await t.throwsAsync(receiveParcel(path, other, { acceptUnsigned: true }));
  t.deepEqual(await other.list(), []);
  t.deepEqual(
    (await logged(other)).map((line) => line.split(' ')[1]),
    ['begin', 'failed'],
  );
});

test('a parcel may be signed', async (t) => {
  const { at, to } = await prepared(t);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('key')]);
  const key = (await readFile(at('key.pub'), 'utf8')).trim();
  await writeFile(at('signers'), `me namespaces="anchor-capsule" ${key}\n`);
  await send({ sources: [at('tiny.gguf')], to: { directory: to }, sign: at('key') });
  const { ok, signature } = await verifyParcel(join(to, 'tiny.gguf.parcel'), { signers: at('signers') });
  t.true(ok);
  t.like(signature, { state: 'trusted', principal: 'me' });
});

test('a capsule goes as it is, and a damaged one goes nowhere', async (t) => {
  const { packed, directory } = await packedSample(t);
  await mkdir(join(directory, 'to'));
  const sent = await send({ sources: [packed.path], to: { directory: join(directory, 'to') } });
  t.is(sent.id, packed.id);
  await run('diff', ['-r', packed.path, join(directory, 'to/tiny.capsule')]);
  t.true((await verifyCapsule(join(directory, 'to/tiny.capsule'))).ok);
  await writeFile(join(packed.path, 'README.txt'), 'another');
  await rm(join(directory, 'to/tiny.capsule'), { recursive: true });
  await refused(
    t,
    send({ sources: [packed.path], to: { directory: join(directory, 'to') } }),
    'ERR_COURIER_DIGEST',
  );
  t.deepEqual(await readdir(join(directory, 'to')), []);
});

test('what was interrupted goes on: what is right is not copied again, what is not is', async (t) => {
  const { at, to } = await prepared(t);
  await mkdir(at('set'));
  for (const n of [1, 2, 3, 4]) await writeFile(at(`set/f${n}`), someBytes(2_000_000, n));
  const request = { sources: [at('set')], to: { directory: to }, split: '1500kB' } as const;
  await mkdir(at('elsewhere'));
  await send({ ...request, to: { directory: at('elsewhere') } });
  // As an interruption leaves it; of one part a byte is another, as a worn stick would have it.
  const files = join(to, 'set.parcel.partial/data/files/set');
  await mkdir(files, { recursive: true });
  for (const part of ['f1.part-0000', 'f1.part-0001', 'f2.part-0000'])
    await copyFile(join(at('elsewhere/set.parcel/data/files/set'), part), join(files, part));
  const before = await stat(join(files, 'f1.part-0000'));
  const bytes = await readFile(join(files, 'f1.part-0001'));
  bytes[7]! ^= 1;
  await writeFile(join(files, 'f1.part-0001'), bytes);

  const dry = await send({ ...request, dryRun: true });
  t.is(dry.plan.present, 3_500_000, 'what is there is told');
  const sent = await send(request);
  t.is(sent.kept, 3_000_000);
  t.is((await stat(join(to, 'set.parcel/data/files/set/f1.part-0000'))).ino, before.ino, 'not copied again');
  t.deepEqual((await verifyParcel(join(to, 'set.parcel'))).problems, []);
  t.deepEqual(await readdir(to), ['set.parcel']);
});

test('whole files go on as well; a changed source is noticed, whatever the target says', async (t) => {
  const { at, to } = await prepared(t);
  await mkdir(at('set'));
  for (const n of [1, 2]) await writeFile(at(`set/f${n}`), someBytes(500_000, n));
  const partial = join(to, 'set.parcel.partial/data/files/set');
  await mkdir(partial, { recursive: true });
  // As an attempt left it: one is right, one has the right size only, and the tag files of a finish that was cut off.
  await writeFile(join(partial, 'f1'), someBytes(500_000, 1));
  await writeFile(join(partial, 'f2'), someBytes(500_000, 3));
  await writeFile(join(to, 'set.parcel.partial/bagit.txt'), 'BagIt-Ver');
  const inode = (await stat(join(partial, 'f1'))).ino;
  const sent = await send({ sources: [at('set')], to: { directory: to } });
  t.is(sent.kept, 500_000);
  const done = join(to, 'set.parcel/data/files/set');
  t.is((await stat(join(done, 'f1'))).ino, inode);
  t.deepEqual(await readFile(join(done, 'f2')), someBytes(500_000, 2));
  t.true((await verifyParcel(join(to, 'set.parcel'))).ok);
});

test('an unfinished one of something else, or of somebody else, is left alone', async (t) => {
  const { at, to } = await prepared(t);
  const partial = join(to, 'tiny.gguf.parcel.partial');
  const request: SendRequest = { sources: [at('tiny.gguf')], to: { directory: to } };
  await mkdir(join(partial, 'data'), { recursive: true });
  await writeFile(join(partial, 'data/mine'), 'mine');
  const error = await refused(t, send(request), 'ERR_COURIER_TARGET');
  t.regex(error.hint ?? '', /--restart/);
  t.is(await readFile(join(partial, 'data/mine'), 'utf8'), 'mine');
  await send({ ...request, restart: true });
  t.deepEqual(await readdir(to), ['tiny.gguf.parcel']);
  await refused(t, send(request), 'ERR_COURIER_TARGET');
});

test('nothing is written through links that lie at the target', async (t) => {
  const { at, to } = await prepared(t);
  await mkdir(at('elsewhere/data/files'), { recursive: true });
  const partial = join(to, 'tiny.gguf.parcel.partial');
  const request: SendRequest = { sources: [at('tiny.gguf')], to: { directory: to } };
  await symlink(at('elsewhere'), partial);
  await refused(t, send(request), 'ERR_COURIER_TARGET');
  await rm(partial);
  await mkdir(partial);
  await symlink(at('elsewhere/data'), join(partial, 'data'));
  await refused(t, send(request), 'ERR_COURIER_TARGET');
  await rm(partial, { recursive: true });
  await symlink(at('elsewhere/lock'), join(to, lockName));
  await t.throwsAsync(send(request), { instanceOf: RoomError });
  t.deepEqual(await readdir(at('elsewhere')), ['data']);
  t.deepEqual(await readdir(at('elsewhere/data/files')), []);
});

test('two couriers at one target: the second is told who the first is', async (t) => {
  const { at, to } = await prepared(t);
  const { addon } = loadAddon();
  const lock = await FileLock.tryTake(addon, join(to, lockName), true, `{"pid":${process.pid}}\n`);
  const request: SendRequest = { sources: [at('tiny.gguf')], to: { directory: to } };
  const error = await refused(t, send(request), 'ERR_COURIER_BUSY');
  t.true(error.message.includes(`process ${process.pid}`));
  lock?.release();
  await send(request);
  t.deepEqual(await readdir(to), ['tiny.gguf.parcel'], 'a lock file that was left holds nobody up');
});

test('many couriers at once: each parcel is whole or was refused', async (t) => {
  const { at, to } = await prepared(t);
  const names = ['a', 'b', 'c', 'a'];
  const ends = await Promise.allSettled(
    names.map((name) => send({ sources: [at('tiny.gguf')], to: { directory: to }, name })),
  );
  for (const end of ends)
    if (end.status === 'rejected')
      t.true(
        ['ERR_COURIER_BUSY', 'ERR_COURIER_TARGET'].includes((end.reason as RoomError).code),
        String(end.reason),
      );
  const there = await readdir(to);
  t.is(there.length, ends.filter(({ status }) => status === 'fulfilled').length);
  for (const name of there) t.true((await verifyParcel(join(to, name))).ok);
});

test('to another vault: the same digests, both logs, and what is there takes no space again', async (t) => {
  const { at, vault } = await prepared(t);
  await using other = await Vault.init(at('other'));
  const sent = await send({
    sources: [{ vault: 'models/tiny.gguf' }, { vault: 'datasets/net' }],
    to: { vault: other },
    vault,
  });
  t.deepEqual(sent.stored, ['models/tiny.gguf@1', 'datasets/net@1']);
  const { meta } = await other.inspect('models/tiny.gguf');
  t.is(meta.transfer, sent.transfer);
  t.like(meta.source, { type: 'vault', vault: vault.id, reference: 'models/tiny.gguf@1' });
  t.deepEqual(await logged(vault), ['send begin', 'send done']);
  t.deepEqual(await logged(other), ['receive begin', 'receive done']);
  const again = await send({ sources: [{ vault: 'models/tiny.gguf' }], to: { vault: other }, vault });
  t.deepEqual([again.stored, again.kept], [['models/tiny.gguf@2'], 300_000]);
  await send({ sources: [at('tiny.gguf')], to: { vault: other }, as: 'models/more' });
  t.true((await other.verify()).ok);
  await refused(t, send({ sources: [at('tiny.gguf')], to: { vault: other } }), 'ERR_COURIER_SOURCE');
  await refused(
    t,
    send({ sources: [{ vault: 'models/tiny.gguf' }], to: { vault }, vault }),
    'ERR_COURIER_TARGET',
  );
});

test('what is damaged in the vault is not carried further', async (t) => {
  const { to, vault } = await prepared(t);
  const { path } = await vault.inspect('models/tiny.gguf');
  const bytes = await readFile(path);
  bytes[5]! ^= 1;
  await chmod(path, 0o644);
  await writeFile(path, bytes);
  const request = { sources: [{ vault: 'models/tiny.gguf' }], to: { directory: to }, vault };
  await refused(t, send(request), 'ERR_VAULT_DAMAGED');
  await refused(t, send({ ...request, split: '100kB' }), 'ERR_VAULT_DAMAGED');
  t.deepEqual(await readdir(to), []);
});

test('a dry run does nothing, a policy refuses, and the log has the refusal', async (t) => {
  const { to, vault } = await prepared(t);
  const request = { sources: [{ vault: 'models/tiny.gguf' }], to: { directory: to }, vault };
  const dry = await send({ ...request, dryRun: true });
  t.true(dry.dryRun && dry.id === null);
  t.like(dry.plan, { bytes: 300_000, files: 1, path: join(to, 'tiny.gguf.parcel') });
  t.deepEqual(await readdir(to), []);
  t.deepEqual(await logged(vault), []);
  await refused(t, send({ ...request, policy: { kinds: ['planks'] } }), 'ERR_COURIER_REFUSED');
  t.deepEqual(await logged(vault), ['send begin', 'send failed ERR_COURIER_REFUSED']);
  t.deepEqual(await readdir(to), []);
});

test('a generation that is sent is leased until it is', async (t) => {
  const { to, vault, at } = await prepared(t);
  await vault.put('models/tiny.gguf', at('net/run.sh'));
  let during: Error | undefined;
  await send(
    { sources: [{ vault: 'models/tiny.gguf@1' }], to: { directory: to }, vault },
    {
      onProgress: () =>
        void vault.remove('models/tiny.gguf@1').catch((error: unknown) => (during ??= error as Error)),
    },
  );
  t.is((during as RoomError | undefined)?.code, 'ERR_VAULT_IN_USE');
  await vault.remove('models/tiny.gguf@1');
});

test('progress has bytes, a rate and the time left', async (t) => {
  const { at, to } = await prepared(t);
  const seen: SendProgress[] = [];
  await send(
    { sources: [at('tiny.gguf')], to: { directory: to } },
    { onProgress: (state) => seen.push(state) },
  );
  t.deepEqual([...new Set(seen.map(({ phase }) => phase))], ['copy', 'verify']);
  const copied = seen.filter(({ phase }) => phase === 'copy').at(-1);
  t.like(copied, { bytes: 300_000, total: 300_000 });
  t.true(seen.every(({ eta, rate }) => (rate > 0 ? eta !== null && eta >= 0 : eta === null)));
});

test('requests that are wrong are refused before anything is looked at', async (t) => {
  const { at, to, vault } = await prepared(t);
  const good = { sources: [at('tiny.gguf')], to: { directory: to } };
  const wrong: readonly unknown[] = [
    { ...good, sources: [] },
    { ...good, sources: [{ vault: 'models/x' }] },
    { ...good, to: {} },
    { ...good, to: { directory: to, drive: '/dev/sda' } },
    { ...good, to: { vault: to } },
    { ...good, name: '../x' },
    { ...good, as: 'models/x' },
    { sources: [at('net'), at('tiny.gguf')], to: { vault }, as: 'models/x' },
    { ...good, policy: { maxByte: 1 } },
    { ...good, onConsent: true },
    { ...good, more: 1 },
  ];
  for (const request of wrong) {
    const error = await t.throwsAsync<Error & { field?: string }>(send(request as SendRequest));
    t.is(typeof error.field, 'string', `${JSON.stringify(request)}: ${error.message}`);
  }
  await refused(t, send({ ...good, to: { drive: '/dev/null' } }), 'ERR_COURIER_DRIVE');
  await refused(t, send({ ...good, to: { drive: 'uuid:nobody' } }), 'ERR_COURIER_DRIVE');
  await t.throwsAsync(send({ ...good, to: { directory: `${to}/none` } }), { instanceOf: RoomError });
  t.deepEqual(await readdir(to), []);
});

test('two sources of one name are refused, names that FAT has not are replaced', async (t) => {
  const { at, to } = await prepared(t);
  await mkdir(at('more'));
  await writeFile(at('more/tiny.gguf'), 'x');
  await refused(
    t,
    send({ sources: [at('tiny.gguf'), at('more/tiny.gguf')], to: { directory: to } }),
    'ERR_COURIER_SOURCE',
  );
  await mkdir(at('names'));
  const names = ['CON.txt', 'a:b?', 'trail.', 'A', 'a', '🌊'];
  for (const name of names) await writeFile(at(`names/${name}`), name);
  await send({ sources: [at('names')], to: { directory: to } });
  const { contents, problems } = await verifyParcel(join(to, 'names.parcel'));
  t.deepEqual(problems, []);
  const [item] = contents?.items ?? [];
  t.deepEqual(item?.files.map(({ path }) => path).sort(), [...names].sort());
  for (const { path, sha256 } of item?.files ?? [])
    t.is(sha256, createHash('sha256').update(path).digest('hex'));
});
