import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { FailureReport } from '../../src/cli/failure.js';
import type { CapsuleVerification, PackedCapsule, ReceivedCapsule } from '../../src/index.js';
import { sample } from '../capsule/sample.js';
import { anchor } from './anchor-command.js';

const run = promisify(execFile);

/** A directory with all that a capsule is made of, and the options that say so. */
async function prepared(
  t: ExecutionContext,
): Promise<{ directory: string; args: string[]; capsule: string }> {
  const { directory, request } = await sample(t);
  const at = (name: string): string => join(directory, name);
  await writeFile(at('room.json'), JSON.stringify(request.room));
  const args = [
    '--room',
    at('room.json'),
    '--plank',
    at('room.sqsh'),
    '--weights',
    `tiny.gguf=${at('tiny.gguf')}`,
    '--flake',
    at('flake'),
  ];
  return { directory, args, capsule: at('tiny.capsule') };
}

test('pack, verify and receive', async (t) => {
  const { directory, args, capsule } = await prepared(t);
  const packed = await anchor([
    'courier',
    'pack',
    ...args,
    '--weights',
    `net=${join(directory, 'net')}`,
    '--split',
    '40kB',
    capsule,
  ]);
  t.deepEqual([packed.code, packed.stderr], [0, '']);
  const [, id = ''] = /^id +([0-9a-f]{64})$/m.exec(packed.stdout) ?? [];
  t.regex(packed.stdout, /^payload +.* in \d+ files, 1 of them in parts$/m);
  t.regex(packed.stdout, /^signed +no$/m);

  const verified = await anchor(['courier', 'verify', capsule]);
  t.is(verified.code, 0);
  t.true(verified.stdout.includes(`id         ${id}\n`));
  t.regex(verified.stdout, /^weights +net, tiny\.gguf$/m);
  t.true(verified.stdout.endsWith(`${capsule}: nothing is wrong\n`));

  const vault = join(directory, 'vault');
  t.is((await anchor(['vault', 'init', vault])).code, 0);
  const refused = await anchor(['courier', 'receive', '--vault', vault, '--json', capsule]);
  t.is(refused.code, 3);
  t.is((JSON.parse(refused.stderr) as FailureReport).code, 'ERR_COURIER_UNTRUSTED');
  const received = await anchor(['courier', 'receive', '--vault', vault, '--accept-unsigned', capsule]);
  t.deepEqual([received.code, received.stderr], [0, '']);
  t.is(
    received.stdout,
    [
      `capsule    ${id}`,
      'plank      planks/tiny@1',
      'weights    models/net@1',
      'weights    models/tiny.gguf@1',
      'flake      flakes/tiny@1',
      'signature  none',
      '',
    ].join('\n'),
  );
  t.deepEqual(await readFile(join(vault, 'models/tiny.gguf')), await readFile(join(directory, 'tiny.gguf')));
});

test('what a vault has, signed, as JSON', async (t) => {
  const { directory, args, capsule } = await prepared(t);
  const key = join(directory, 'key');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const signers = join(directory, 'signers');
  await writeFile(signers, `me ${await readFile(`${key}.pub`, 'utf8')}`);
  const vault = join(directory, 'vault');
  await anchor(['vault', 'init', vault]);
  await anchor(['vault', 'put', '--vault', vault, join(directory, 'net'), 'models/net']);

  const env = { ...process.env, ANCHOR_VAULT: vault };
  const packed = await anchor(
    ['courier', 'pack', ...args, '--weights', 'net=vault:models/net@1', '--sign', key, '--json', capsule],
    { env },
  );
  t.deepEqual([packed.code, packed.stderr], [0, '']);
  const { id, signed } = JSON.parse(packed.stdout) as PackedCapsule;
  t.true(signed);
  const verified = await anchor(['courier', 'verify', '--json', '--signers', signers, capsule]);
  const { signature, vaultId, auditHead } = JSON.parse(verified.stdout) as CapsuleVerification;
  t.is(verified.code, 0);
  t.is(signature.state === 'trusted' ? signature.principal : '', 'me');
  t.regex(vaultId ?? '', /^[0-9a-f-]{36}$/);
  t.regex(auditHead ?? '', /^[0-9a-f]{64}$/);
  const received = await anchor(
    ['courier', 'receive', '--signers', signers, '--name', 'other', '--json', capsule],
    { env },
  );
  t.is(received.code, 0, received.stderr);
  const result = JSON.parse(received.stdout) as ReceivedCapsule;
  t.deepEqual(
    [result.id, result.plank, result.weights],
    [id, 'planks/other@1', ['models/net@2', 'models/tiny.gguf@1']],
  );
});

test('a damaged capsule: each problem is named, and the exit code says so', async (t) => {
  const { args, capsule, directory } = await prepared(t);
  await anchor(['courier', 'pack', ...args, capsule]);
  await writeFile(join(capsule, 'data/weights/tiny.gguf'), 'other');
  await writeFile(join(capsule, 'data/\x1b[2J'), '');
  await rm(join(capsule, 'README.txt'));
  const verified = await anchor(['courier', 'verify', capsule]);
  t.is(verified.code, 5);
  t.regex(verified.stdout, /^ERR_COURIER_DIGEST +data\/weights\/tiny\.gguf: /m);
  t.regex(verified.stdout, /^ERR_COURIER_MISSING +README\.txt: is missing$/m);
  t.regex(verified.stdout, /^ERR_COURIER_NAME +"data\/\\u001b\[2J": /m);
  t.false(verified.stdout.includes('\x1b'));
  t.regex(verified.stdout, /: not to be used\n$/);
  const json = JSON.parse(
    (await anchor(['courier', 'verify', '--json', capsule])).stdout,
  ) as CapsuleVerification;
  t.true(
    json.problems.some(
      ({ code, path }) => code === 'ERR_COURIER_DIGEST' && path === 'data/weights/tiny.gguf',
    ),
  );

  const vault = join(directory, 'vault');
  await anchor(['vault', 'init', vault]);
  const received = await anchor(['courier', 'receive', '--vault', vault, '--accept-unsigned', capsule]);
  t.is(received.code, 5);
  t.regex(received.stderr, /^anchor: .* \(and \d+ more; `anchor courier verify` names them\)\n/);
});

test('what it has against its command line', async (t) => {
  const { directory, args, capsule } = await prepared(t);
  await mkdir(join(directory, 'there.capsule'));
  const refused: [args: string[], code: number, stderr: RegExp][] = [
    [['pack', ...args], 2, /^anchor: NAME\.capsule is missing\n/],
    [['pack', '--plank', 'x', capsule], 2, /^anchor: --room SPEC is missing\n/],
    [['pack', '--room', 'x', capsule], 2, /^anchor: --plank SOURCE is missing\n/],
    [
      ['pack', ...args, join(directory, 'tiny.bag')],
      2,
      /^anchor: output: expected a path whose last name is NAME\.capsule/,
    ],
    [
      ['pack', ...args, '--weights', 'tiny.gguf=x', capsule],
      2,
      /^anchor: --weights: tiny\.gguf is there twice\n/,
    ],
    [['pack', ...args, '--weights', 'x', capsule], 2, /^anchor: --weights: expected NAME=SOURCE/],
    [['pack', ...args, '--split', 'much', capsule], 2, /^anchor: split: expected bytes/],
    [
      ['pack', ...args, '--receipt', join(directory, 'tiny.gguf'), capsule],
      2,
      /^anchor: --receipt: .* is not JSON/,
    ],
    [['pack', ...args, '--weights', 'x=vault:models/x', capsule], 2, /^anchor: which vault\?\n/],
    [['pack', ...args, join(directory, 'there.capsule')], 1, /^anchor: .* is there already\n/],
    [['verify', join(directory, 'none')], 1, /^anchor: .* is no capsule: it does not exist\n/],
    [['receive', capsule], 2, /^anchor: which vault\?\n/],
    [['sent', capsule], 2, /^anchor: there is no command anchor courier sent \(did you mean send\?\)/],
  ];
  const env = { ...process.env };
  delete env['ANCHOR_VAULT'];
  for (const [words, code, stderr] of refused) {
    const result = await anchor(['courier', ...words], { env });
    t.is(result.code, code, `${words.join(' ')}\n${result.stderr}`);
    t.regex(result.stderr, stderr);
  }
  t.false((await readdir(directory)).includes('tiny.capsule'));
});
