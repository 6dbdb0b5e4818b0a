import test from 'ava';
import { readFileSync } from 'node:fs';
import { capabilityNames } from '../../src/spec/capabilities.js';
import { ioLimitKeys, limitKeys } from '../../src/spec/limits.js';
import { dropzoneKeys } from '../../src/spec/dropzones.js';
import { nixKeys } from '../../src/spec/nix.js';
import { hostMountKeys, tmpfsMountKeys, vaultMountKeys } from '../../src/spec/mounts.js';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { rlimitNames, rlimitPairKeys } from '../../src/spec/rlimits.js';
import { roomSpecKeys } from '../../src/spec/room-spec.js';
import { readyKeys, serviceKeys } from '../../src/spec/services.js';
import { seccompAllowanceKeys, seccompReplacementKeys } from '../../src/spec/seccomp.js';
import { ptyKeys, stdioKeys } from '../../src/spec/stdio.js';
import { smallest } from './refusal.js';
import { follows, readSchema, resolve, type Schema } from './schema-verdict.js';

const schema = readSchema();
const definition = (name: string): Schema => resolve(`#/$defs/${name}`, schema);
const choice = (of: Schema | undefined, index: number): Schema =>
  (of?.['oneOf'] as readonly Schema[] | undefined)?.[index] ?? {};
const keysOf = (of: Schema): string[] => Object.keys(of.properties ?? {}).sort();

const keyLists: readonly (readonly [title: string, parser: readonly string[], of: Schema])[] = [
  ['a spec', roomSpecKeys, schema],
  ['limits', limitKeys, definition('limits')],
  ['an io limit', ioLimitKeys, definition('ioLimit')],
  ['a host mount', hostMountKeys, definition('hostMount')],
  ['a vault mount', vaultMountKeys, definition('vaultMount')],
  ['a dropzone', dropzoneKeys, definition('dropzone')],
  ['nix', nixKeys, definition('nix')],
  ['a service', serviceKeys, definition('service')],
  ['what shows that it is ready', readyKeys, definition('ready')],
  ['a tmpfs mount', tmpfsMountKeys, definition('tmpfsMount')],
  ['rlimits', rlimitNames, definition('rlimits')],
  ['a pair of rlimits', rlimitPairKeys, choice(definition('rlimit'), 1)],
  ['a pair of rlimits of files', rlimitPairKeys, choice(definition('rlimits').properties?.['nofile'], 1)],
  ['stdio', stdioKeys, choice(schema.properties?.['stdio'], 2)],
  ['seccomp that allows', seccompAllowanceKeys, choice(definition('seccomp'), 1)],
  ["seccomp of one's own", seccompReplacementKeys, choice(definition('seccomp'), 2)],
  ['a pty', ptyKeys, definition('pty')],
];
for (const [title, parser, of] of keyLists) {
  test(`schema and parser know the same fields of ${title}`, (t) => {
    t.deepEqual(keysOf(of), [...parser].sort());
    t.is(of['additionalProperties'], false);
  });
}

test('schema and parser know the same capabilities', (t) => {
  t.deepEqual(definition('capability')['enum'], [...capabilityNames]);
});

const told = (field: Schema): Schema =>
  typeof field['$ref'] !== 'string' ? field : { ...resolve(field['$ref'], schema), ...field };

test('every field has a description', (t) => {
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    const told = typeof field['$ref'] !== 'string' ? field : { ...resolve(field['$ref'], schema), ...field };
    t.is(typeof told['description'], 'string', key);
  }
});

test('defaults of the schema are what the parser makes of nothing', (t) => {
  const defaults = Object.fromEntries(
    Object.entries(schema.properties ?? {}).flatMap(([key, field]) =>
      Object.hasOwn(told(field), 'default') ? [[key, told(field)['default']]] : [],
    ),
  );
  t.true(Object.keys(defaults).length > 10);
  t.deepEqual(parseRoomSpec({ ...smallest, ...defaults }), parseRoomSpec(smallest));
});

const digest = `sha256:${'0'.repeat(64)}`;
const on = (at: unknown): object => ({ mounts: [{ tmpfs: 4096, at }] });

const good: readonly object[] = [
  {},
  { plank: 'host' },
  { plank: 'a.erofs' },
  { plank: 'nix-room' },
  { plank: 'nix-room@2' },
  { plank: 'a.sqsh@2' },
  { plank: './a' },
  { plankDigest: digest },
  { command: ['a', '', 'b\nc'] },
  { env: { A: '', 'b c': 'x\n' } },
  { cwd: '/' },
  { cwd: '//a/./b..c/...' },
  { hostname: 'a.b-c' },
  { user: 0 },
  { user: '1000:1000' },
  { user: 'a:7' },
  { user: 'root' },
  { identity: 'host' },
  { mounts: [] },
  { mounts: [{ host: '/h', at: '/a', access: 'write', noExec: true, recursive: false }] },
  { mounts: [{ tmpfs: '1MiB', at: '/a', mode: 511, noExec: false }] },
  ...[
    'models/m',
    'datasets/a.b-c_d@3',
    'planks/x@999999999',
    'models/console',
    'flakes/meta.json.x',
    'models/0',
  ].map((vault) => ({
    mounts: [{ vault, at: '/a', access: 'read', noExec: true }],
  })),
  { mounts: [{ vault: 'models', at: '/a', access: 'write' }] },
  { mounts: [{ vault: 'flakes', at: '/a', access: 'write', keep: 'always', size: '8GiB', noExec: true }] },
  { mounts: [{ vault: 'models', at: '/a', access: 'write', checkpoints: { every: '1s' } }] },
  { mounts: [{ vault: 'models', at: '/a', access: 'write', checkpoints: { every: 5000, most: 3 } }] },
  { services: {} },
  { services: { db: { command: ['a'] } } },
  { services: { a: { command: ['a'], ready: { port: 80, timeout: '1min' } } } },
  { services: { a: { command: ['a'], env: {}, cwd: '/', user: 'a:1', after: [], essential: true } } },
  { nix: { store: 'tmpfs' } },
  { nix: { store: 'vault', mode: 'bind', sandbox: false } },
  { nix: { store: 'vault', mode: 'layer', keep: 'never', size: '2MiB' } },
  on('/.../x'),
  on('/a/proc'),
  on('/process'),
  { limits: {} },
  {
    limits: {
      memory: '1GiB',
      swap: 0,
      cpus: 0.5,
      cpuWeight: 1,
      processes: 2,
      disk: 65536,
      files: 64,
      ioWeight: 9,
    },
  },
  { limits: { io: [{ device: '8:0', readBytesPerSecond: '1MB' }] } },
  { rlimits: { nofile: 5, stack: 'unlimited', cpu: { soft: 1, hard: 'unlimited' } } },
  { lifetime: 1 },
  { lifetime: '10min' },
  { network: 'none', gpu: false },
  { capabilities: ['CHOWN', 'CHOWN'] },
  { seccomp: 'default' },
  { stdio: 'inherit' },
  { stdio: ['ignore', 'pipe', 7] },
  { stdio: { pty: { rows: 1 } } },
  { readOnlyRoot: true },
];
const bad: readonly object[] = [
  { services: { Db: { command: ['a'] } } },
  { services: { a: {} } },
  { services: { a: { command: ['a'], ready: { timeout: '1s' } } } },
  { services: { a: { command: ['a'], ready: { port: 1, path: '/a' } } } },
  { plank: 'Nix-room' },
  { plank: 'nix-room@0' },
  { plank: 'con' },
  { plank: 'room.' },
  { plank: 'a/' },
  { plank: '' },
  { plank: 3 },
  { plankDigest: 'sha256:0' },
  { command: [] },
  { command: [''] },
  { command: ['a', 1] },
  { command: 'a' },
  { command: ['a\0'] },
  { env: { '': 'x' } },
  { env: { 'a=b': 'x' } },
  { env: { a: 1 } },
  { env: { a: '\0' } },
  { cwd: 'a' },
  { cwd: '/a/..' },
  { cwd: '/a\n/../b' },
  { cwd: '/\0' },
  { hostname: 'a_b' },
  { hostname: '' },
  { hostname: `${'a'.repeat(62)}.bc` },
  { user: '1e3' },
  { user: '' },
  { user: -1 },
  { user: 1.5 },
  { user: '1000:' },
  { user: '1000:staff' },
  { identity: 'none' },
  { mounts: {} },
  { mounts: [{ host: '/h' }] },
  { mounts: [{ at: '/a' }] },
  { mounts: [{ host: '/h', tmpfs: 4096, at: '/a' }] },
  { mounts: [{ host: 'h', at: '/a' }] },
  { mounts: [{ host: '/h', at: '/a', mode: 7 }] },
  { mounts: [{ tmpfs: 4096, at: '/a', mode: 4096 }] },
  ...[
    'models',
    'models/',
    'model/m',
    'models/M',
    'models/m.',
    'models/m@0',
    'models/m@01',
    'models/m@',
    'models/m@1000000000',
    'models/con.x',
    'models/aux@1',
    'models/meta.json',
    'models/meta.json@1',
    'models/../m',
    'nix/store',
    '/models/m',
    `models/${'m'.repeat(65)}`,
    'models/m\n',
  ].map((vault) => ({
    mounts: [{ vault, at: '/a' }],
  })),
  { mounts: [{ vault: 'models', at: '/a', access: 'read' }] },
  { mounts: [{ vault: 'model', at: '/a', access: 'write' }] },
  { mounts: [{ vault: 'models', at: '/a', access: 'write', keep: 'never' }] },
  { mounts: [{ vault: 'models', at: '/a', access: 'write', checkpoints: {} }] },
  { mounts: [{ vault: 'models', at: '/a', access: 'write', checkpoints: { every: '1s', most: 0 } }] },
  { mounts: [{ vault: 'models', at: '/a', access: 'write', recursive: true }] },
  { mounts: [{ vault: 'models/m', at: '/a', keep: 'always' }] },
  { mounts: [{ vault: 'models/m', at: '/a', host: '/a' }] },
  { mounts: [{ vault: 'models/m', at: '/a', recursive: true }] },
  { mounts: [{ vault: 'models/m', at: '/a', access: 'write' }] },
  ...['/', '//.', '/./', '/proc', '//proc/x', '/./sys', '/dev/shm', 'a', '/a/../b'].map(on),
  { nix: {} },
  { nix: { store: 'disk' } },
  { nix: { store: 'tmpfs', keep: 'always' } },
  { nix: { store: 'vault', mode: 'upper' } },
  { limits: { memory: '1gb' } },
  { limits: { memory: -1 } },
  { limits: { ram: 1 } },
  { limits: { cpus: 0 } },
  { limits: { processes: 1 } },
  { limits: { files: 63 } },
  { limits: { cpuWeight: 10001 } },
  { limits: { io: [{ device: 'vda', readBytesPerSecond: 1 }] } },
  { limits: { io: [{ device: '8:0' }] } },
  { limits: { io: [{ device: '8:0', readOperationsPerSecond: 0 }] } },
  { rlimits: { nofile: 'unlimited' } },
  { rlimits: { nofile: { soft: 1, hard: 'unlimited' } } },
  { rlimits: { rss: 1 } },
  { rlimits: { cpu: { soft: 1 } } },
  { lifetime: 0 },
  { lifetime: '0s' },
  { lifetime: '1.5h' },
  { network: 'host' },
  { gpu: true },
  { capabilities: ['CAP_CHOWN'] },
  { seccomp: 'none' },
  { seccomp: { allow: 'ptrace' } },
  { stdio: 'null' },
  { stdio: ['pipe', 'pipe'] },
  { stdio: { pty: { rows: 0 } } },
  { stdio: {} },
  { readOnlyRoot: 1 },
  { memory: 1 },
];
for (const [verdict, changes] of [
  [true, good],
  [false, bad],
] as const) {
  changes.forEach((change, row) => {
    test(`schema and parser say ${verdict ? 'yes' : 'no'}, row ${String(row)}: ${JSON.stringify(change)}`, (t) => {
      const spec = { ...smallest, ...change };
      t.is(follows(spec, schema), verdict, 'the schema');
      if (verdict) t.notThrows(() => parseRoomSpec(spec));
      else t.throws(() => parseRoomSpec(spec));
    });
  });
}

test('schema and parser want plank and command', (t) => {
  for (const spec of [{}, { plank: 'host' }, { command: ['true'] }]) {
    t.false(follows(spec, schema));
    t.throws(() => parseRoomSpec(spec));
  }
});

const page = readFileSync('docs/spec.md', 'utf8');
const examples = [...page.matchAll(/```json\n(.+?)```/gs)].map(
  ([, text]) => JSON.parse(text ?? '') as object,
);

test('every field is in docs/spec.md', (t) => {
  for (const [title, keys] of keyLists) {
    for (const key of keys) {
      const named = ['`' + key + '`', '.' + key + '`', '"' + key + '"'].some((text) => page.includes(text));
      t.true(named, `${key} of ${title}`);
    }
  }
});

test('every field is in an example of docs/spec.md', (t) => {
  const shown = new Set(examples.flatMap((example) => Object.keys(example)));
  t.deepEqual([...shown].sort(), [...roomSpecKeys].sort());
});

examples.forEach((example, index) => {
  test(`schema and parser take example ${String(index)} of docs/spec.md`, (t) => {
    const spec = { ...smallest, ...example };
    t.true(follows(spec, schema));
    t.notThrows(() => parseRoomSpec(spec));
  });
});
