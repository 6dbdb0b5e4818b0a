import test from 'ava';
import { importsOf, includesOf, specifiersOf, violations, type Rules } from './dependencies.js';
import { filesBelow } from './files.js';

// Dependencies point one way. A row says what a folder of src/ (or a file that stands alone there) may import.
const pure = ['errors', 'types'];
const typescriptRules: Rules = {
  errors: [],
  abort: pure,
  spec: pure,
  plank: pure,
  host: [...pure, 'spec', 'plank'],
  plan: [...pure, 'spec', 'host/resolved-room', 'host/places', 'host/nix'],
  addon: [...pure, 'spec', 'plank', 'host'],
  room: [...pure, 'abort', 'spec', 'host', 'plan', 'addon'],
  vault: [...pure, 'abort', 'spec', 'plank/tool', 'addon'],
  capsule: [...pure, 'abort', 'spec', 'plank', 'host/files', 'addon', 'vault'],
  flake: [...pure, 'abort', 'spec', 'plank', 'vault'],
  courier: [...pure, 'abort', 'spec', 'host/mountinfo', 'addon', 'vault', 'capsule'],
  run: [...pure, 'abort', 'room'],
  diagnostics: [...pure, 'spec', 'room'],
  'room-records': [...pure, 'spec', 'room', 'vault'],
  anchor: [
    ...pure,
    'abort',
    'spec',
    'plank',
    'host',
    'plan',
    'addon',
    'room',
    'room-records',
    'run',
    'diagnostics',
    'vault',
  ],
  replay: [...pure, 'abort', 'spec', 'plank', 'room', 'vault', 'capsule', 'anchor'],
  index: [
    ...pure,
    'abort',
    'spec',
    'plank',
    'host',
    'addon',
    'room',
    'run',
    'diagnostics',
    'vault',
    'capsule',
    'flake',
    'courier',
    'anchor',
    'replay',
  ],
  // The command line is a frontend like any other: the public list and nothing else.
  cli: ['index'],
};

// The folder says in which process the code runs; what is to the left knows nothing of what is to the right:
// sys <- plan <- child <- launch <- watch <- bridge. init/protocol.h is a contract, shared like plan/. copy/ knows nothing of rooms.
const contract = 'init/protocol';
const nativeRules: Rules = {
  sys: [],
  plan: ['sys'],
  init: ['sys', 'plan'],
  child: ['sys'],
  launch: ['sys', 'plan', 'child', contract],
  watch: ['sys', 'plan', 'child', 'launch', contract],
  copy: ['sys', 'third_party'],
  bridge: ['sys', 'plan', 'child', 'launch', 'watch', 'copy', contract],
  addon: ['sys', 'bridge'],
};

const sources = filesBelow('src').filter((file) => file.endsWith('.ts'));
const native = filesBelow('native').filter(
  (file) => /\.(cc|h)$/.test(file) && !file.startsWith('native/third_party/'),
);

test('TypeScript imports point one way', (t) => {
  t.true(sources.length > 0);
  t.deepEqual(violations(sources.flatMap(importsOf), typescriptRules, 'src'), []);
});

test('only src/addon loads native code', (t) => {
  const loaders = sources.filter((file) =>
    specifiersOf(file).some((name) => name === 'bindings' || name.endsWith('.node')),
  );
  t.true(loaders.length > 0);
  t.deepEqual(
    loaders.filter((file) => !file.startsWith('src/addon/')),
    [],
  );
});

test('the package has no dependency but bindings and Node itself', (t) => {
  const foreign = sources.flatMap((file) =>
    specifiersOf(file)
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && name !== 'bindings')
      .map((name) => `${file} imports ${name}`),
  );
  t.deepEqual(foreign, []);
});

test('native includes point one way', (t) => {
  t.true(native.length > 0);
  t.deepEqual(
    violations(
      native.flatMap((file) => includesOf(file).own),
      nativeRules,
      'native',
    ),
    [],
  );
});

test('Node-API is known to native/bridge and native/addon.cc only', (t) => {
  const users = native.filter((file) =>
    includesOf(file).system.some((name) => /^(napi|node_api|js_native_api|uv|v8)/.test(name)),
  );
  t.true(users.length > 0);
  t.deepEqual(
    users.filter((file) => !file.startsWith('native/bridge/') && file !== 'native/addon.cc'),
    [],
  );
});

test('uv.h and v8.h are not used: Node-API alone keeps its ABI', (t) => {
  const users = native.filter((file) =>
    includesOf(file).system.some((name) => /^(uv|v8|node)\.h$/.test(name)),
  );
  t.deepEqual(users, []);
});

test('a forbidden edge is found', (t) => {
  const edge = { from: 'src/spec/parse.ts', to: 'src/room/room' };
  t.deepEqual(violations([edge], typescriptRules, 'src'), [
    'src/spec/parse.ts names src/room/room: spec may only use errors, types',
  ]);
  t.is(violations([{ from: 'src/new/x.ts', to: 'src/errors' }], typescriptRules, 'src').length, 1);
  t.is(violations([{ from: 'native/child/a.cc', to: 'native/launch/b.h' }], nativeRules, 'native').length, 1);
  t.deepEqual(
    violations([{ from: 'native/launch/a.cc', to: 'native/init/protocol.h' }], nativeRules, 'native'),
    [],
  );
});
