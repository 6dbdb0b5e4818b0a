import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFile,
  chmod,
  link,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { verifyCapsule } from '../../src/capsule/verify.js';
import { scratch } from '../helpers/image.js';
import { listedTags as tags, packedSample } from './sample.js';

const run = promisify(execFile);

/** One bit of one byte in the middle. */
async function flip(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  const { size } = await handle.stat();
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, size >> 1);
  byte[0]! ^= 1;
  await handle.write(byte, 0, 1, size >> 1);
  await handle.close();
}

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** As somebody would who wants to be believed: changes a tag file, and the hash of it that is listed. */
async function forge(capsule: string, file: string, change: (text: string) => string): Promise<void> {
  const text = change(await readFile(join(capsule, file), 'utf8'));
  await writeFile(join(capsule, file), text);
  const list = join(capsule, 'tagmanifest-sha256.txt');
  const lines = (await readFile(list, 'utf8'))
    .split('\n')
    .map((line) => (line.endsWith(`  ${file}`) ? `${sha256(text)}  ${file}` : line));
  await writeFile(list, lines.join('\n'));
}

test('a capsule that is whole', async (t) => {
  const { packed } = await packedSample(t);
  const phases: string[] = [];
  const verified = await verifyCapsule(packed.path, { onProgress: ({ phase }) => phases.push(phase) });
  t.deepEqual(verified.problems, []);
  t.true(verified.ok);
  t.is(verified.id, packed.id);
  t.deepEqual([verified.files, verified.bytes, verified.date], [packed.files, packed.bytes, '2026-11-21']);
  t.deepEqual(verified.contents, packed.contents);
  t.deepEqual(verified.room, packed.room);
  t.deepEqual(verified.signature, { state: 'absent' });
  t.true(phases.length > 0 && phases.every((phase) => phase === 'verify'));
});

const weights = 'data/weights/tiny.gguf';
const readme = 'data/weights/net/readme.md';
const manifest = 'manifest-sha256.txt';

/** What is done to a capsule, and each problem that has to be found, as code and path; others may be found as well. */
type Damage = readonly [
  what: string,
  damage: (capsule: string) => Promise<unknown>,
  ...found: (readonly [code: string, path: string])[],
];

const damages: readonly Damage[] = [
  ['a byte of the payload', (at) => flip(join(at, weights)), ['DIGEST', weights]],
  ['a byte of the spec', (at) => flip(join(at, 'data/room/room.json')), ['DIGEST', 'data/room/room.json']],
  ...tags.map((file): Damage => [`a byte of ${file}`, (at) => flip(join(at, file)), ['DIGEST', file]]),
  [
    'a byte of the list of tag files',
    (at) =>
      forge(at, 'tagmanifest-sha256.txt', (text) =>
        text.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
      ),
    ['DIGEST', 'README.txt'],
  ],
  [
    'a payload file that is cut off',
    (at) => truncate(join(at, weights), 99_999),
    ['DIGEST', weights],
    ['OXUM', 'bag-info.txt'],
  ],
  [
    'a payload file that goes on',
    (at) => appendFile(join(at, weights), 'x'),
    ['DIGEST', weights],
    ['OXUM', 'bag-info.txt'],
  ],
  [
    'a payload file that is gone',
    (at) => rm(join(at, weights)),
    ['MISSING', weights],
    ['OXUM', 'bag-info.txt'],
  ],
  ...tags.map((file): Damage => [`${file} is gone`, (at) => rm(join(at, file)), ['MISSING', file]]),
  [
    'a payload file that is not listed',
    (at) => writeFile(join(at, 'data/weights/more'), ''),
    ['EXTRA', 'data/weights/more'],
    ['OXUM', 'bag-info.txt'],
  ],
  ['a tag file that is not listed', (at) => writeFile(join(at, 'more.txt'), ''), ['EXTRA', 'more.txt']],
  ['a file with a name of no capsule', (at) => writeFile(join(at, '.hidden'), ''), ['NAME', '.hidden']],
  ['an empty directory', (at) => mkdir(join(at, 'data/weights/none')), ['EXTRA', 'data/weights/none']],
  [
    'a leftover of a copy',
    (at) => writeFile(join(at, `${weights}.partial`), ''),
    ['EXTRA', `${weights}.partial`],
  ],
  [
    'a link instead of a payload file',
    async (at) => {
      await rename(join(at, weights), join(at, '../kept'));
      await symlink('../../../kept', join(at, weights));
    },
    ['KIND', weights],
  ],
  [
    'a link instead of a directory',
    async (at) => {
      await rename(join(at, 'data/weights'), join(at, '../kept'));
      await symlink('../../kept', join(at, 'data/weights'));
    },
    ['KIND', 'data/weights'],
    ['MISSING', weights],
  ],
  ...['capsule.json', 'tagmanifest-sha256.txt'].map((file): Damage => [
    `a link instead of ${file}`,
    async (at) => {
      await rename(join(at, file), join(at, '../kept'));
      await symlink('../kept', join(at, file));
    },
    ['KIND', file],
  ]),
  ['a link that nobody listed', (at) => symlink('/etc/passwd', join(at, 'data/more')), ['KIND', 'data/more']],
  [
    'a FIFO instead of a payload file',
    async (at) => {
      await rm(join(at, weights));
      await run('mkfifo', [join(at, weights)]);
    },
    ['KIND', weights],
  ],
  [
    'a FIFO instead of a tag file',
    async (at) => {
      await rm(join(at, 'bag-info.txt'));
      await run('mkfifo', [join(at, 'bag-info.txt')]);
    },
    ['KIND', 'bag-info.txt'],
  ],
  // Device 0:0 is the one that everybody may make.
  ['a device', (at) => run('mknod', [join(at, 'data/device'), 'c', '0', '0']), ['KIND', 'data/device']],
  [
    'a hard link inside',
    (at) => link(join(at, weights), join(at, 'data/weights/twin')),
    ['KIND', weights],
    ['KIND', 'data/weights/twin'],
  ],
  ['a hard link to outside', (at) => link(join(at, readme), join(at, '../twin')), ['KIND', readme]],
  [
    'two names in two cases',
    (at) => writeFile(join(at, 'data/weights/Tiny.gguf'), ''),
    ['DUPLICATE', weights],
  ],
  [
    'two names in two normal forms',
    async (at) => {
      await writeFile(join(at, 'data/e\u0301'), '');
      await writeFile(join(at, 'data/\u00e9'), '');
    },
    ['DUPLICATE', 'data/\u00e9'],
  ],
  [
    'a name that is no UTF-8',
    (at) => writeFile(Buffer.concat([Buffer.from(`${at}/data/`), Buffer.from([0xff])]), ''),
    ['NAME', 'data/\ufffd'],
  ],
  [
    'a manifest that leads out',
    (at) => forge(at, manifest, (text) => `${text}${'0'.repeat(64)}  data/../../outside\n`),
    ['PATH', 'data/../../outside'],
  ],
  [
    'a manifest with an absolute path',
    (at) => forge(at, manifest, (text) => `${text}${'0'.repeat(64)}  /etc/passwd\n`),
    ['PATH', '/etc/passwd'],
  ],
  [
    'a manifest that lists a file twice',
    (at) => forge(at, manifest, (text) => text.replace(/^(.*\n)/, '$1$1')),
    ['DUPLICATE', 'data/flake/anchor.env.json'],
  ],
  [
    'a manifest that is cut off in a line',
    (at) => forge(at, manifest, (text) => text.slice(0, -30)),
    ['TAG_FILE', manifest],
  ],
  [
    'a manifest that is cut off between lines',
    (at) => forge(at, manifest, (text) => text.replace(/[^\n]*\n$/, '')),
    ['EXTRA', weights],
    ['CONTENT', 'capsule.json'],
  ],
  [
    'a manifest that says another hash',
    (at) =>
      forge(at, manifest, (text) =>
        text.replace(/[0-9a-f]{64}( {2}data\/weights\/tiny)/, `${'0'.repeat(64)}$1`),
      ),
    ['DIGEST', weights],
    ['CONTENT', 'capsule.json'],
  ],
  [
    'an oxum of too many bytes',
    (at) => forge(at, 'bag-info.txt', (text) => text.replace(/Oxum: /, 'Oxum: 1')),
    ['OXUM', 'bag-info.txt'],
  ],
  [
    'an oxum of too many files',
    (at) => forge(at, 'bag-info.txt', (text) => text.replace(/(Oxum: \d+\.)/, '$11')),
    ['OXUM', 'bag-info.txt'],
  ],
  [
    'a bag of another kind',
    (at) => forge(at, 'bag-info.txt', (text) => text.replace('anchor-replay-capsule/1', 'other/1')),
    ['VERSION', 'bag-info.txt'],
  ],
  [
    'another version of BagIt',
    (at) => forge(at, 'bagit.txt', (text) => text.replace('1.0', '0.97')),
    ['TAG_FILE', 'bagit.txt'],
  ],
  [
    'a content that is another',
    (at) => forge(at, 'capsule.json', (text) => text.replace('"size": 100000', '"size": 100001')),
    ['CONTENT', 'capsule.json'],
  ],
  [
    'hashes of whole files that are others',
    (at) => forge(at, 'assembled-sha256.txt', (text) => text.replace(/^./, 'x')),
    ['CONTENT', 'assembled-sha256.txt'],
  ],
  [
    'a tag file too many in the list',
    (at) => appendFile(join(at, 'tagmanifest-sha256.txt'), `${'0'.repeat(64)}  x.txt\n`),
    ['TAG_FILE', 'tagmanifest-sha256.txt'],
  ],
  [
    'a tag file too few in the list',
    async (at) => {
      const list = join(at, 'tagmanifest-sha256.txt');
      await writeFile(list, (await readFile(list, 'utf8')).replace(/.*README.txt\n/, ''));
    },
    ['TAG_FILE', 'tagmanifest-sha256.txt'],
  ],
  [
    'a signature that is none',
    (at) => writeFile(join(at, 'tagmanifest-sha256.txt.sig'), 'signed, me\n'),
    ['SIGNATURE', 'tagmanifest-sha256.txt.sig'],
  ],
];

for (const [what, damage, ...found] of damages) {
  test(`found: ${what}`, async (t) => {
    const { packed } = await packedSample(t);
    await damage(packed.path);
    const { ok, problems } = await verifyCapsule(packed.path);
    t.false(ok);
    const named = problems.map(({ code, path }) => [code, path]);
    for (const [code, path] of found)
      t.true(
        named.some((each) => each[0] === `ERR_COURIER_${code}` && each[1] === path),
        `${code} ${path} is not in ${JSON.stringify(named)}`,
      );
  });
}

test('every file of it, a byte of each', async (t) => {
  const { packed } = await packedSample(t, { split: '40kB' });
  const listed = await readFile(join(packed.path, manifest), 'utf8');
  const files = [...listed.matchAll(/ {2}(.*)\n/g)].map(([, path = '']) => path);
  t.is(files.length, packed.files);
  for (const file of [...files, ...tags, 'tagmanifest-sha256.txt']) {
    if (file.endsWith('/empty')) continue;
    await flip(join(packed.path, file));
    t.false((await verifyCapsule(packed.path)).ok, file);
    await flip(join(packed.path, file));
  }
  t.true((await verifyCapsule(packed.path)).ok);
});

test('nothing outside is opened, whatever a capsule says', async (t) => {
  const { packed, directory } = await packedSample(t);
  await writeFile(join(directory, 'outside'), 'a secret\n');
  await rm(join(packed.path, weights));
  await symlink(join(directory, 'outside'), join(packed.path, weights));
  await rm(join(packed.path, 'README.txt'));
  await symlink(join(directory, 'outside'), join(packed.path, 'README.txt'));
  await forge(packed.path, manifest, (text) => `${text}${sha256('a secret\n')}  data/../../outside\n`);
  const program = `import { verifyCapsule } from ${JSON.stringify(new URL('../../src/capsule/verify.js', import.meta.url).href)};
    console.log((await verifyCapsule(${JSON.stringify(packed.path)})).problems.length);`;
  const trace = join(directory, 'trace');
  const traced = [
    '-f',
    '-qq',
    '-o',
    trace,
    '-e',
    'trace=open,openat,openat2',
    process.execPath,
    '--input-type=module',
    '-e',
    program,
  ];
  const { stdout } = await run('strace', traced);
  t.true(Number(stdout) >= 3);
  const opened = (await readFile(trace, 'utf8'))
    .split('\n')
    .filter((line) => line.includes('outside') && !line.includes('= -1'));
  t.deepEqual(opened, []);
  t.true((await readFile(trace, 'utf8')).includes('openat2('), 'the trace shows something');
});

test('what is no capsule, or none yet', async (t) => {
  const { packed, directory } = await packedSample(t);
  const not = { code: 'ERR_COURIER_NOT_CAPSULE' };
  await t.throwsAsync(verifyCapsule(join(directory, 'none')), not);
  await t.throwsAsync(verifyCapsule(join(directory, 'tiny.gguf')), not);
  await t.throwsAsync(verifyCapsule(await scratch(t)), not);
  const partial = `${packed.path}.partial`;
  await rename(packed.path, partial);
  t.true((await verifyCapsule(partial)).ok, 'all is there, only the name is not');
  await rm(join(partial, 'tagmanifest-sha256.txt'));
  await t.throwsAsync(verifyCapsule(partial), { ...not, message: /it was never finished/ });
});

test('a capsule may be read-only, and reached by a link of its reader', async (t) => {
  const { packed, directory } = await packedSample(t);
  await chmod(packed.path, 0o555);
  await symlink(packed.path, join(directory, 'here'));
  t.true((await verifyCapsule(join(directory, 'here'))).ok);
});

test('stopped, it says why', async (t) => {
  const { packed } = await packedSample(t);
  await t.throwsAsync(verifyCapsule(packed.path, { signal: AbortSignal.abort(new Error('enough')) }), {
    message: 'enough',
  });
});
