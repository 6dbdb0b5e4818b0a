import test from 'ava';
import { SpecMemory } from '../../src/spec/memory.js';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { smallest } from './refusal.js';

const rich = (): Record<string, unknown> => ({
  ...smallest,
  mounts: [{ tmpfs: '1MiB', at: '/a' }],
  limits: { memory: '1GiB', io: [{ device: '8:0', readBytesPerSecond: 7 }] },
  capabilities: ['CHOWN'],
});

test('what is written again gives the same room, and what parseRoomSpec gives', (t) => {
  const memory = new SpecMemory();
  const first = memory.parse(rich());
  const second = memory.parse({ ...rich(), command: ['false'], env: { A: 'b' }, cwd: '/x', lifetime: 3 });
  t.is(second.room, first.room);
  t.deepEqual(first.spec, parseRoomSpec(rich()));
  t.deepEqual(
    second.spec,
    parseRoomSpec({ ...rich(), command: ['false'], env: { A: 'b' }, cwd: '/x', lifetime: 3 }),
  );
  t.true(Object.isFrozen(second.spec) && Object.isFrozen(second.spec.command));
});

test('what is the same but for its command is what parseRoomSpec gives, each time', (t) => {
  const memory = new SpecMemory();
  const written = { ...rich(), env: { A: 'b' }, cwd: '/x', stdio: ['ignore', 'pipe', 'ignore'], lifetime: 3 };
  const first = memory.parse({ ...written, command: ['one'] });
  for (const command of [['two'], ['three', ''], ['one']]) {
    const spec = { ...written, command };
    const again = memory.parse(spec);
    t.deepEqual(again.spec, parseRoomSpec(spec));
    t.is(again.spec.stdio, first.spec.stdio, 'nothing else is checked anew');
    t.true(Object.isFrozen(again.spec) && Object.isFrozen(again.spec.command));
  }
  for (const change of [
    { env: { A: 'c' } },
    { env: {} },
    { cwd: '/y' },
    { stdio: 'pipe' },
    { lifetime: 4 },
  ]) {
    const spec = { ...written, ...change };
    t.deepEqual(memory.parse(spec).spec, parseRoomSpec(spec));
    t.deepEqual(memory.parse(written).spec, parseRoomSpec(written));
  }
  for (const command of [[], [''], ['a\0'], ['\ud800'], [1], 'sh', undefined])
    t.throws(() => memory.parse({ ...written, command }), { any: true });
  written.env.A = 'changed in place';
  t.deepEqual(memory.parse(written).spec, parseRoomSpec(written));
});

test('every difference counts, however deep', (t) => {
  const changes: Record<string, unknown>[] = [
    { hostname: 'other' },
    { mounts: [{ tmpfs: '1MiB', at: '/b' }] },
    { mounts: [] },
    { mounts: [...(rich()['mounts'] as []), { tmpfs: '1MiB', at: '/b' }] },
    { limits: { memory: '1GiB' } },
    { limits: { memory: '1GiB', io: [{ device: '8:0', readBytesPerSecond: 8 }] } },
    { limits: { ...(rich()['limits'] as object), cpus: 1 } },
    { capabilities: ['KILL'] },
    { readOnlyRoot: true },
  ];
  for (const change of changes) {
    const memory = new SpecMemory();
    const { room } = memory.parse(rich());
    const changed = memory.parse({ ...rich(), ...change });
    t.not(changed.room, room, JSON.stringify(change));
    t.deepEqual(changed.spec, parseRoomSpec({ ...rich(), ...change }));
  }
});

test('an object that is changed in place is seen', (t) => {
  const memory = new SpecMemory();
  const spec = rich();
  memory.parse(spec);
  (spec['limits'] as { memory: string }).memory = '2GiB';
  t.is(memory.parse(spec).spec.limits.memory, 2 ** 31);
  (spec['mounts'] as { at: string }[])[0]!.at = '/c';
  t.is(memory.parse(spec).spec.mounts[0]?.at, '/c');
});

test('what was refused is refused again, and what is no plain data is never taken for it', (t) => {
  const memory = new SpecMemory();
  memory.parse(rich());
  class Limits {
    memory = '1GiB';
    io = [{ device: '8:0', readBytesPerSecond: 7 }];
  }
  const wrong: Record<string, unknown>[] = [
    { limits: new Limits() },
    { limits: { ...(rich()['limits'] as object), memroy: 1 } },
    { limits: { ...(rich()['limits'] as object), cpus: undefined } },
    { limits: { ...(rich()['limits'] as object), [Symbol('x')]: 1 } },
    { limits: Object.create(rich()['limits'] as object) as unknown },
    { hostname: undefined },
    { command: [] },
    { mounts: new Array(4_000_000_000) },
    { mounts: { 0: { tmpfs: '1MiB', at: '/a' }, length: 1 } },
  ];
  for (const change of wrong) {
    for (let i = 0; i < 2; i++) t.throws(() => memory.parse({ ...rich(), ...change }), { any: true });
    t.notThrows(() => memory.parse(rich()));
  }
});

test('a getter is asked once for what is checked and used', (t) => {
  const memory = new SpecMemory();
  let asked = 0;
  const shifty = {
    get memory() {
      return ++asked % 2 === 1 ? '1MiB' : '9MiB';
    },
  };
  t.is(memory.parse({ ...smallest, limits: shifty }).spec.limits.memory, 2 ** 20);
  t.is(asked, 1);
});
