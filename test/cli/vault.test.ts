import { appendFile, chmod, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { transferText } from '../../src/cli/transfer-text.js';
import type { FailureReport } from '../../src/cli/failure.js';
import { Vault, type PutResult, type VaultVerification } from '../../src/index.js';
import { scratch } from '../helpers/image.js';
import { anchor, type CommandResult } from './anchor-command.js';

type Call = (...args: readonly string[]) => Promise<CommandResult>;

async function withVault(t: ExecutionContext): Promise<{ directory: string; vault: string; call: Call }> {
  const directory = await scratch(t);
  const vault = join(directory, 'vault');
  const call: Call = (...args) =>
    anchor(['vault', ...args], { env: { ...process.env, ANCHOR_VAULT: vault } });
  const made = await call('init', vault);
  t.deepEqual([made.code, made.stderr], [0, '']);
  t.regex(made.stdout, /is the vault [0-9a-f-]{36}\n$/);
  return { directory, vault, call };
}

test('a bad generation, gc with a lease, a flipped bit', async (t) => {
  t.timeout(300_000);
  const { directory, vault, call } = await withVault(t);
  const model = join(directory, 'tiny.gguf');
  await writeFile(model, 'weights'.repeat(1000));
  t.regex(
    (await call('put', model, 'models/tiny.gguf')).stdout,
    /^models\/tiny\.gguf@1 {2}6\.84 KiB {2}sha256:[0-9a-f]{64} {2}active\n$/,
  );
  await appendFile(model, 'garbage');
  t.is((await call('put', model, 'models/tiny.gguf')).code, 0);
  t.is((await call('rollback', 'models/tiny.gguf')).stdout, 'models/tiny.gguf@1  active\n');
  t.regex((await call('ls')).stdout, /^\* {2}models\/tiny\.gguf@1 .*\n {3}models\/tiny\.gguf@2 .*\n$/);
  await appendFile(model, '!');
  await call('put', '--no-activate', model, 'models/tiny.gguf');

  await using program = await Vault.open(vault);
  const lease = await program.lease('models/tiny.gguf@2', 'room r-17');
  const collected = await call('gc', '--keep', '1');
  t.is(
    collected.stdout,
    `models/tiny.gguf@1  stays: it is active\nmodels/tiny.gguf@2  stays: used by room r-17 (process ${process.pid})\n` +
      '0 generations removed, 0 bytes are free\n',
  );
  const refused = await call('rm', 'models/tiny.gguf@2');
  t.is(refused.code, 7);
  t.regex(refused.stderr, /used by room r-17/);
  await lease.release();
  t.regex((await call('gc', '--keep', '1')).stdout, /^models\/tiny\.gguf@2 {2}removed, /m);

  const stored = join(vault, 'models/.gen/tiny.gguf/0003/tiny.gguf');
  t.is((await call('verify')).code, 0);
  await chmod(stored, 0o644);
  const handle = await open(stored, 'r+');
  await handle.write('W', 0);
  await handle.close();
  const verified = await call('verify');
  t.is(verified.code, 5);
  t.regex(verified.stdout, /^damaged {2}models\/tiny\.gguf@3\n {9}changed tiny\.gguf: /m);
  const json = await call('verify', '--json', 'models/tiny.gguf@3');
  t.is((JSON.parse(json.stdout) as VaultVerification).generations[0]?.problems[0]?.problem, 'changed');

  t.is((await call('log', '--verify')).code, 0);
  t.regex((await call('log')).stdout, /rollback done models\/tiny\.gguf@1/);
  const out = join(directory, 'out');
  t.is((await call('get', 'models/tiny.gguf', out)).code, 0);
  t.is(await readFile(out, 'utf8'), 'weights'.repeat(1000));
  t.is((await call('get', 'models/tiny.gguf@3', join(directory, 'bad'))).code, 5);
});

test('JSON, and what is wrong has a code', async (t) => {
  const { directory, vault, call } = await withVault(t);
  const file = join(directory, 'f');
  await writeFile(file, 'f');
  const put = await call('put', '--json', file, 'datasets/f');
  t.like(JSON.parse(put.stdout) as PutResult, { reference: 'datasets/f@1', active: true });
  const missing = await call('get', '--json', 'datasets/g', file);
  t.is(missing.code, 1);
  t.like(JSON.parse(missing.stderr) as FailureReport, { code: 'ERR_VAULT_NO_ENTRY', hint: 'datasets are f' });
  for (const [args, code, text] of [
    [['put', file], 2, /NAME is missing/],
    [['put', file, 'datasets/F'], 2, /expected a name/],
    [['ptu', file], 2, /did you mean put\?/],
    [['ls', 'model'], 2, /did you mean models\?/],
    [['put', '--expect', `sha256:${'0'.repeat(64)}`, file, 'datasets/f'], 5, /should have the digest/],
    [['put', '/dev/zero', 'datasets/f'], 1, /neither a file nor a directory/],
    [['init', vault], 1, /is a vault already/],
    [['ls', '--vault', directory], 1, /is no vault/],
  ] as const) {
    const { code: got, stderr } = await call(...args);
    t.is(got, code, args.join(' '));
    t.regex(stderr, text);
  }
  await rm(join(vault, 'audit/audit.jsonl'));
  t.is((await call('put', file, 'datasets/f')).code, 5);
  const nameless = await anchor(['vault', 'ls'], { env: { ...process.env, ANCHOR_VAULT: '' } });
  t.deepEqual([nameless.code, /which vault/.test(nameless.stderr)], [2, true]);
});

test('progress in words', (t) => {
  const progress = {
    phase: 'copy',
    bytes: 1.2 * 2 ** 30,
    total: 3.4 * 2 ** 30,
    rate: 400 * 2 ** 20,
    path: '',
  } as const;
  t.is(transferText(progress), 'copying 35 %  1.2 GiB of 3.4 GiB  400 MiB/s  6 s left');
  t.is(
    transferText({ ...progress, phase: 'verify', bytes: 0, rate: 0 }),
    'reading back 0 %  0 bytes of 3.4 GiB',
  );
  t.is(
    transferText({ ...progress, phase: 'read', bytes: 0, total: 0, rate: 0 }),
    'hashing 100 %  0 bytes of 0 bytes',
  );
});
