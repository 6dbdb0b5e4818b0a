import test from 'ava';
import { SpecRangeError } from '../../../src/errors.js';
import { compileSeccomp } from '../../../src/plan/seccomp/profile.js';
import { roomInitCalls } from '../../../src/plan/seccomp/room-init.js';
import { refuseUserNamespaces, waysToUserNamespaces } from '../../../src/plan/seccomp/user-namespaces.js';
import { parseSeccomp, type OciSyscallRule, type SeccompSpec } from '../../../src/spec/seccomp.js';

const ways = (spec: SeccompSpec): readonly string[] =>
  waysToUserNamespaces(compileSeccomp(parseSeccomp(spec, 'seccomp'), { capabilities: [] }));

const needed = [...new Set(roomInitCalls.map(({ name }) => name))];

/** A profile that allows what room-init needs, and these. */
const profile = (...syscalls: readonly OciSyscallRule[]): SeccompSpec => {
  const names = needed.filter((name) => name !== 'clone');
  return {
    profile: {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }, ...syscalls],
    },
  };
};

const clone = (op: string, value: number, valueTwo: number): OciSyscallRule => ({
  names: ['clone'],
  action: 'SCMP_ACT_ALLOW',
  args: [{ index: 0, op, value, valueTwo }],
});

const found: readonly (readonly [what: string, SeccompSpec, readonly string[]])[] = [
  ['the default profile', 'default', []],
  ['calls that make no namespace', { allow: ['mount', 'setns', 'ptrace', 'chroot'] }, []],
  ['unshare', { allow: ['unshare'] }, ['unshare']],
  ['clone', { allow: ['clone', 'mount'] }, ['clone']],
  ['clone3', { allow: ['clone3'] }, ['clone3']],
  ['all of them', { allow: ['unshare', 'clone3', 'clone'] }, ['unshare', 'clone', 'clone3']],
  ['a profile as Docker has it', profile(clone('SCMP_CMP_MASKED_EQ', 0x7e02_0000, 0)), []],
  ['a profile that allows clone', profile({ names: ['clone'], action: 'SCMP_ACT_ALLOW' }), ['clone']],
  ['a profile that logs', { profile: { defaultAction: 'SCMP_ACT_LOG' } }, ['unshare', 'clone', 'clone3']],
  [
    'a profile that forgets what else comes with it',
    profile(
      clone('SCMP_CMP_MASKED_EQ', 0x1002_0000, 0x1002_0000),
      clone('SCMP_CMP_MASKED_EQ', 0x7e02_0000, 0),
    ),
    ['clone'],
  ],
];
for (const [what, spec, names] of found)
  test(`ways to a user namespace: ${what}`, (t) => {
    t.deepEqual(ways(spec), names);
  });

test('with the ids of the host there must be none', (t) => {
  const compiled = (spec: SeccompSpec): Uint8Array =>
    compileSeccomp(parseSeccomp(spec, 'seccomp'), { capabilities: [] });
  t.notThrows(() => refuseUserNamespaces('host', compiled({ allow: ['mount'] })));
  t.notThrows(() => refuseUserNamespaces('mapped', compiled({ allow: ['unshare'] })));
  const error = t.throws(() => refuseUserNamespaces('host', compiled({ allow: ['unshare'] })), {
    instanceOf: SpecRangeError,
  });
  t.is(error.code, 'ERR_ROOM_SPEC_CONFLICT');
  t.is(error.field, 'seccomp');
  t.regex(error.message, /got unshare:/);
});
