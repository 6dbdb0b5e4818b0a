import { execFile } from 'node:child_process';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { verifyCapsule } from '../../src/capsule/verify.js';
import { packedSample, sample } from './sample.js';
import { packCapsule } from '../../src/capsule/pack.js';

const run = promisify(execFile);
const name = 'tagmanifest-sha256.txt.sig';

async function newKey(directory: string, file: string): Promise<{ key: string; line: string }> {
  const key = join(directory, file);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', file, '-f', key]);
  return { key, line: (await readFile(`${key}.pub`, 'utf8')).trim() };
}

async function signedSample(t: ExecutionContext) {
  const { directory, request } = await sample(t);
  const own = await newKey(directory, 'own');
  const other = await newKey(directory, 'other');
  const packed = await packCapsule({ ...request, sign: own.key });
  const signers = async (text: string): Promise<string> => {
    const path = join(directory, 'signers');
    await writeFile(path, `${text}\n`);
    return path;
  };
  return { packed, own, other, signers, directory, request };
}

test('a signature that ssh-keygen makes is one that ssh-keygen takes', async (t) => {
  const { packed, own, signers } = await signedSample(t);
  t.true(packed.signed);
  const file = await signers(`me@here namespaces="anchor-capsule" ${own.line}`);
  const verified = await verifyCapsule(packed.path, { signers: file });
  t.deepEqual(verified.problems, []);
  const { signature } = verified;
  t.is(signature.state, 'trusted');
  t.is(signature.state === 'trusted' ? signature.principal : '', 'me@here');
  const fingerprint = (await run('ssh-keygen', ['-lf', `${own.key}.pub`])).stdout.split(' ')[1] ?? '';
  t.is(signature.state === 'trusted' ? signature.key : '', fingerprint);

  // As README.txt says it.
  const command = `ssh-keygen -Y verify -f ${file} -I me@here -n anchor-capsule -s ${name} < tagmanifest-sha256.txt`;
  await t.notThrowsAsync(run('sh', ['-c', command], { cwd: packed.path }));
});

test('without signers a signature is by somebody', async (t) => {
  const { packed } = await signedSample(t);
  const verified = await verifyCapsule(packed.path);
  t.true(verified.ok);
  t.is(verified.signature.state, 'unknown');
});

test('a signature of others, for other things, of other files, or none', async (t) => {
  const { packed, own, other, signers, directory, request } = await signedSample(t);
  const codes = async (path: string, text: string): Promise<string[]> =>
    (await verifyCapsule(path, { signers: await signers(text) })).problems.map(({ code }) => code);
  t.deepEqual(await codes(packed.path, `me ${own.line}`), []);
  t.deepEqual(await codes(packed.path, `me ${other.line}`), ['ERR_COURIER_UNTRUSTED']);
  t.deepEqual(await codes(packed.path, `me namespaces="file" ${own.line}`), ['ERR_COURIER_UNTRUSTED']);
  t.deepEqual(await codes(packed.path, `me valid-before="20200101" ${own.line}`), ['ERR_COURIER_UNTRUSTED']);

  const tags = join(packed.path, 'tagmanifest-sha256.txt');
  const signature = join(packed.path, name);
  await rm(signature);
  await run('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'file', '-f', own.key, tags]);
  t.deepEqual(await codes(packed.path, `me ${own.line}`), ['ERR_COURIER_SIGNATURE']);

  const unsigned = await packCapsule({
    ...request,
    output: join(directory, 'unsigned.capsule'),
    date: '2026-11-22',
  });
  t.deepEqual(await codes(unsigned.path, `me ${own.line}`), ['ERR_COURIER_UNTRUSTED']);
  const signed = await packCapsule({ ...request, output: join(directory, 'signed.capsule'), sign: own.key });
  await copyFile(join(signed.path, name), join(unsigned.path, name));
  t.deepEqual(await codes(unsigned.path, `me ${own.line}`), ['ERR_COURIER_SIGNATURE']);
});

test('a flipped byte of a signature', async (t) => {
  const { packed } = await signedSample(t);
  const path = join(packed.path, name);
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n');
  lines[2] = lines[2]!.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'));
  await writeFile(path, lines.join('\n'));
  t.deepEqual(
    (await verifyCapsule(packed.path)).problems.map(({ code }) => code),
    ['ERR_COURIER_SIGNATURE'],
  );
});

test.serial('without ssh-keygen it says what to install', async (t) => {
  const { packed } = await packedSample(t);
  await writeFile(join(packed.path, name), 'x');
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  try {
    await t.throwsAsync(verifyCapsule(packed.path), { code: 'ERR_COURIER_TOOL' });
  } finally {
    process.env['PATH'] = path;
  }
});
