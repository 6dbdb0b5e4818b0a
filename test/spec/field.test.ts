import test from 'ava';
import { runInNewContext } from 'node:vm';
import { SpecTypeError } from '../../src/errors.js';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refusedCall, refuses, smallest } from './refusal.js';

class Settings {
  plank = '/planks/room.sqsh';
  command = ['true'];
}

class Limits {
  memory = '1GiB';
}

const wholes: readonly (readonly [title: string, value: unknown])[] = [
  ['nothing', undefined],
  ['null', null],
  ['a string', 'host'],
  ['a number', 1],
  ['a function', () => smallest],
  ['an array', [smallest]],
  ['an instance of a class', new Settings()],
  ['inherited fields', Object.create(smallest)],
  ['a Map', new Map(Object.entries(smallest))],
  ['a Date', new Date(0)],
  ['an object of another realm', runInNewContext('({ plank: "host", command: ["true"] })')],
];
for (const [title, value] of wholes) {
  test(`a spec is not ${title}`, refusedCall, () => parseRoomSpec(value), 'type', 'spec');
}

refuses([
  [{ memory: 1 }, 'unknown', 'memory'],
  [{ 'a b\n': 1 }, 'unknown', 'spec["a b\\n"]'],
  [{ ['x'.repeat(5000)]: 1 }, 'unknown', `spec["${'x'.repeat(60)}…"]`],
  [{ [Symbol('plank')]: 1 }, 'unknown', 'spec'],
  [JSON.parse('{"__proto__": {"readOnlyRoot": true}}') as Record<string, unknown>, 'unknown', '__proto__'],
  [{ constructor: 1 }, 'unknown', 'constructor'],
  [{ limits: new Limits() }, 'type', 'limits'],
  [{ limits: Object.create({ memory: 1e6 }) as unknown }, 'type', 'limits'],
  [{ limits: { toString: 1 } }, 'unknown', 'limits.toString'],
  [{ mounts: [[]] }, 'type', 'mounts[0]'],
  [{ mounts: { 0: {}, length: 1 } }, 'type', 'mounts'],
  [{ env: new Map() }, 'type', 'env'],
  // JSON has no such arrays; copying one would fill the memory.
  [{ command: new Array(2 ** 32 - 1) }, 'value', 'command'],
  [{ mounts: Object.assign([], { length: 2 ** 31 }) }, 'value', 'mounts'],
  [{ seccomp: { allow: new Array(2 ** 20 + 1) } }, 'value', 'seccomp.allow'],
]);

const suggestions: readonly (readonly [wrong: Record<string, unknown>, right: string | null])[] = [
  [{ comand: [] }, 'command'],
  [{ mount: [] }, 'mounts'],
  [{ hostName: 'a' }, 'hostname'],
  [{ readonlyRoot: true }, 'readOnlyRoot'],
  [{ limits: { memroy: 1 } }, 'memory'],
  [{ mounts: [{ tmpfs: 4096, at: '/a', noexec: true }] }, 'noExec'],
  [{ zebra: 1 }, null],
];
for (const [wrong, right] of suggestions) {
  test(`a suggestion for ${JSON.stringify(wrong)}`, (t) => {
    const error = t.throws(() => parseRoomSpec({ ...smallest, ...wrong }), { instanceOf: SpecTypeError });
    t.is(/did you mean (\w+)\?/.exec(error.message)?.[1] ?? null, right);
    if (right === null) t.regex(error.message, /the fields are plank, /);
  });
}

// prettier-ignore
const keys = [
  'plank', 'plankDigest', 'command', 'env', 'cwd', 'hostname', 'user', 'identity', 'mounts', 'limits', 'rlimits',
  'lifetime', 'network', 'gpu', 'capabilities', 'seccomp', 'stdio', 'readOnlyRoot',
];
for (const key of keys) {
  test(
    `${key}: undefined is not the same as absent`,
    refusedCall,
    () => parseRoomSpec({ ...smallest, [key]: undefined }),
    'type',
    key,
  );
}

test('an object without a prototype will do', (t) => {
  const bare = Object.assign(Object.create(null) as object, smallest);
  t.deepEqual(parseRoomSpec(bare), parseRoomSpec(smallest));
});

test('what is on Object.prototype is in no spec', (t) => {
  const prototype = Object.prototype as Record<string, unknown>;
  Object.defineProperty(prototype, 'readOnlyRoot', { value: true, configurable: true });
  t.teardown(() => delete prototype['readOnlyRoot']);
  t.false(parseRoomSpec(smallest).readOnlyRoot);
});

test('every property is read once', (t) => {
  const reads = new Map<string, number>();
  const counting = (name: string, value: object): object =>
    new Proxy(value, {
      get(target, key, receiver) {
        if (typeof key === 'string') reads.set(`${name}.${key}`, (reads.get(`${name}.${key}`) ?? 0) + 1);
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
  parseRoomSpec(
    counting('spec', {
      ...smallest,
      command: counting('command', ['true', 'x']),
      env: counting('env', { A: '1' }),
      mounts: [
        counting('host', { host: '/h', at: '/a', access: 'read' }),
        counting('tmpfs', { tmpfs: '1MiB', at: '/b', mode: 0 }),
      ],
      limits: counting('limits', { memory: '1MiB', cpus: 1, processes: 2 }),
      rlimits: counting('rlimits', { nproc: counting('nproc', { soft: 1, hard: 2 }) }),
      stdio: counting('stdio', { pty: counting('pty', { columns: 9 }) }),
    }),
  );
  t.deepEqual(
    [...reads].filter(([, times]) => times !== 1),
    [],
  );
  for (const key of [
    'spec.plank',
    'command.length',
    'command.1',
    'env.A',
    'host.at',
    'tmpfs.at',
    'nproc.soft',
    'pty.columns',
  ]) {
    t.true(reads.has(key), key);
  }
});

test('a getter cannot change its mind', (t) => {
  const answers = ['/good', '/proc/bad'];
  const mount = {
    tmpfs: 4096,
    get at() {
      return answers.shift();
    },
  };
  t.is(parseRoomSpec({ ...smallest, mounts: [mount] }).mounts[0]?.at, '/good');
});

test('an error of a getter comes through', (t) => {
  const spec = {
    ...smallest,
    get cwd() {
      throw new Error('mine');
    },
  };
  t.throws(() => parseRoomSpec(spec), { message: 'mine' });
});
