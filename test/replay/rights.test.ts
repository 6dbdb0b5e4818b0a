import test from 'ava';
import { rightsAskedFor, refuseRights } from '../../src/replay/rights.js';
import type { RoomSpec } from '../../src/spec/room-spec.js';

const plain: RoomSpec = { plank: './a.sqsh', command: ['true'] };

for (const [what, more, fields] of [
  ['nothing', {}, []],
  ['what every room has, in words', { identity: 'mapped', capabilities: [], seccomp: 'default' }, []],
  ['the ids of the host', { identity: 'host' }, ['identity']],
  ['a capability', { capabilities: ['NET_ADMIN'] }, ['capabilities']],
  ['a system call more', { seccomp: { allow: ['mount'] } }, ['seccomp']],
  ['Nix', { nix: { store: 'vault', mode: 'bind', sandbox: false } }, ['nix']],
  ['Nix with its sandbox', { nix: { store: 'tmpfs' } }, ['capabilities', 'seccomp', 'nix']],
  [
    'a way into the vault',
    {
      mounts: [
        { vault: 'models/tiny', at: '/in' },
        { vault: 'models', at: '/out', access: 'write' },
      ],
    },
    ['mounts[1].access'],
  ],
  [
    'a profile of its own, and all the rest',
    {
      identity: 'mapped',
      capabilities: ['CHOWN'],
      seccomp: { profile: { defaultAction: 'SCMP_ACT_ALLOW' } },
    },
    ['capabilities', 'seccomp'],
  ],
] as const satisfies readonly (readonly [string, Partial<RoomSpec>, readonly string[]])[])
  test(`a spec that asks for ${what}`, (t) => {
    const spec = { ...plain, ...more } as RoomSpec;
    t.deepEqual(rightsAskedFor(spec), [...fields]);
    if (fields.length === 0) t.notThrows(() => refuseRights(spec, '/a.capsule'));
    else
      t.throws(() => refuseRights(spec, '/a.capsule'), {
        code: 'ERR_COURIER_RIGHTS',
        message: new RegExp(fields.join(', ').replaceAll(/[[\]]/g, '\\$&')),
      });
  });

test('what is no spec is said to be none', (t) => {
  t.throws(() => rightsAskedFor({ ...plain, command: [] }), { code: 'ERR_ROOM_SPEC_VALUE' });
});
