import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { drivesText } from '../../src/cli/courier-list.js';
import type { FailureReport } from '../../src/cli/failure.js';
import type { AuditRecord, ListedDrive, SentCargo } from '../../src/index.js';
import { someBytes } from '../capsule/sample.js';
import { scratch } from '../helpers/image.js';
import { anchor, StartedCommand, type CommandResult } from './anchor-command.js';

const courier = (...args: string[]): Promise<CommandResult> => anchor(['courier', ...args]);

/** A vault with a model, a file of the host, a place to send to. */
async function prepared(t: ExecutionContext): Promise<{ at: (name: string) => string; vault: string }> {
  const directory = await scratch(t);
  const at = (name: string): string => join(directory, name);
  await mkdir(at('to'));
  await writeFile(at('tiny.gguf'), someBytes(200_000));
  t.is((await anchor(['vault', 'init', at('vault')])).code, 0);
  t.is((await anchor(['vault', 'put', '--vault', at('vault'), at('tiny.gguf'), 'models/tiny.gguf'])).code, 0);
  return { at, vault: at('vault') };
}

test('send, verify and receive, as a person types it', async (t) => {
  const { at, vault } = await prepared(t);
  const dry = await courier(
    'send',
    '--vault',
    vault,
    'vault:models/tiny.gguf',
    '--to',
    at('to'),
    '--dry-run',
  );
  t.deepEqual([dry.code, dry.stderr], [0, '']);
  t.regex(dry.stdout, /^send +models\/tiny\.gguf@1 {2}195 KiB$/m);
  t.true(dry.stdout.endsWith('nothing was done\n'));
  t.deepEqual(await readdir(at('to')), []);

  const sent = await courier('send', '--vault', vault, 'vault:models/tiny.gguf', at('tiny.gguf'), '--name', 'load', '--to', at('to')); // prettier-ignore
  t.deepEqual([sent.code, sent.stderr], [0, '']);
  const parcel = at('to/load.parcel');
  t.true(sent.stdout.includes(`path     ${parcel}\n`), sent.stdout);
  const [, id = ''] = /^id +([0-9a-f]{64})$/m.exec(sent.stdout) ?? [];

  const verified = await courier('verify', parcel);
  t.is(verified.code, 0);
  t.true(verified.stdout.includes(`id         ${id}\n`));
  t.regex(verified.stdout, /^holds +models\/tiny\.gguf@1\nholds +tiny\.gguf$/m);

  t.is((await anchor(['vault', 'init', at('other')])).code, 0);
  const receive = ['receive', '--vault', at('other'), '--accept-unsigned', parcel];
  t.is((await courier(...receive)).code, 1, 'a file of the host has no kind');
  const received = await courier(...receive, '--kind', 'datasets');
  t.deepEqual([received.code, received.stderr], [0, '']);
  t.regex(received.stdout, /^stored +models\/tiny\.gguf@1\nstored +datasets\/tiny\.gguf@1$/m);

  const log = await anchor(['vault', 'log', '--vault', vault, '--json']);
  const records = log.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditRecord);
  t.deepEqual(
    records.filter(({ operation }) => operation === 'send').map(({ phase }) => phase),
    ['begin', 'done'],
  );
  const again = await courier('send', '--vault', vault, 'vault:models/tiny.gguf', '--name', 'load', '--to', at('to')); // prettier-ignore
  t.is(again.code, 1);
  t.regex(again.stderr, /is there already/);
});

test('to a vault, which is seen by what lies in it, and as JSON', async (t) => {
  const { at, vault } = await prepared(t);
  t.is((await anchor(['vault', 'init', at('other')])).code, 0);
  const sent = await courier(
    'send',
    '--json',
    '--vault',
    vault,
    'vault:models/tiny.gguf',
    '--to',
    at('other'),
  );
  t.is(sent.code, 0);
  const result = JSON.parse(sent.stdout) as SentCargo;
  t.deepEqual(result.stored, ['models/tiny.gguf@1']);
  const lines = sent.stderr.trim().split('\n').map((line) => JSON.parse(line) as { progress: object }); // prettier-ignore
  t.true(lines.length > 0);
  t.like(lines.at(-1), { progress: { bytes: 200_000, total: 200_000 } });
  t.deepEqual(await readFile(join(at('other'), 'models/tiny.gguf')), someBytes(200_000));
  const more = await courier('send', at('tiny.gguf'), '--to', `vault:${at('other')}`, '--as', 'models/more');
  t.regex(more.stdout, /^stored +models\/more@1$/m);
});

test('a signal stops it, and the same command goes on', async (t) => {
  const { at } = await prepared(t);
  // So much that there is time to stop it.
  await writeFile(at('large'), randomBytes(256 << 20));
  const args = ['courier', 'send', '--json', '--split', '4MiB', at('large'), '--to', at('to')];
  const command = new StartedCommand(args);
  const begun = new Promise<void>((resolve) => {
    command.child.stderr.on('data', (chunk: Buffer) => {
      if (/"phase":"copy","bytes":[1-9]\d{6}/.test(chunk.toString())) resolve();
    });
  });
  await Promise.race([begun, command.ended]);
  command.child.kill('SIGINT');
  const ended = await command.ended;
  t.is(ended.code, 130, ended.stderr);
  t.deepEqual(await readdir(at('to')), ['large.parcel.partial']);
  const again = await anchor(args);
  t.is(again.code, 0, again.stderr);
  t.true((JSON.parse(again.stdout) as SentCargo).kept > 0);
  t.deepEqual(await readdir(at('to')), ['large.parcel']);
});

test('what it has against its command line', async (t) => {
  const { at, vault } = await prepared(t);
  const source = at('tiny.gguf');
  const wrong: readonly (readonly [words: string[], code: number, stderr: RegExp])[] = [
    [['send', '--to', at('to')], 2, /^anchor: SOURCE is missing/],
    [['send', source], 2, /^anchor: --to TARGET is missing/],
    [['send', source, '--to', at('none')], 1, /^anchor: cannot make/],
    [['send', source, '--to', '/dev/null'], 1, /^anchor: \/dev\/null is no drive/],
    [['send', source, '--to', 'uuid:none'], 1, /^anchor: uuid:none is no drive/],
    [['send', source, '--to', at('to'), '--name', 'A B'], 2, /^anchor: name: expected a name/],
    [['send', source, '--to', at('to'), '--as', 'models/x'], 2, /^anchor: as: only a vault has names/],
    [['send', source, '--to', at('to'), '--max-size', '1kB'], 3, /^anchor: the policy does not allow it/],
    [['send', source, '--to', vault], 1, /^anchor: .* has no name of a vault/],
    [['list', 'more'], 2, /^anchor: one word too many: more/],
    [['eject'], 2, /^anchor: DRIVE is missing/],
    [['eject', '/dev/none'], 1, /^anchor: \/dev\/none is no drive/],
    [['verify', '--json', at('to')], 1, /"ERR_COURIER_NOT_CAPSULE"/],
  ];
  for (const [words, code, stderr] of wrong) {
    const result = await courier(...words);
    t.is(result.code, code, `${words.join(' ')}\n${result.stderr}`);
    t.regex(result.stderr, stderr);
  }
  t.deepEqual(await readdir(at('to')), []);
  const failed = await courier('send', '--json', source, '--to', at('to'), '--max-size', '1kB');
  t.is(
    (JSON.parse(failed.stderr.trim().split('\n').at(-1) ?? '') as FailureReport).code,
    'ERR_COURIER_REFUSED',
  );
});

test('list prints JSON, and lines for people', async (t) => {
  const listed = await courier('list', '--all', '--json');
  t.is(listed.code, 0);
  t.true(Array.isArray(JSON.parse(listed.stdout)));
  const drive: ListedDrive = {
    path: '/dev/sdb',
    kind: 'usb',
    vendor: 'Acme',
    model: 'Stick',
    size: 8 << 20,
    removable: true,
    readOnly: false,
    system: false,
    canPowerOff: true,
    volumes: [
      {
        path: '/dev/sdb1',
        number: '8:17',
        size: 7 << 20,
        readOnly: false,
        fileSystem: 'vfat',
        label: 'MY STICK',
        uuid: '12AB-34CD',
        mountedAt: ['/media/x'],
        holders: [],
        bags: [{ name: 'a.parcel.partial', type: 'parcel', unfinished: true }],
      },
    ],
  };
  t.is(
    drivesText([drive]),
    [
      '/dev/sdb  Acme Stick  8 MiB  usb',
      '  /dev/sdb1  vfat  "MY STICK"  uuid:12AB-34CD  7 MiB  mounted at /media/x',
      '    a.parcel.partial  (interrupted)',
      '',
    ].join('\n'),
  );
});
