import test from 'ava';
import { compileFilter, compileSeccomp, SeccompCache } from '../../../src/plan/seccomp/profile.js';
import { assertRoomInitAllowed, roomInitCalls } from '../../../src/plan/seccomp/room-init.js';
import { compilePolicy } from '../../../src/plan/seccomp/compile.js';
import { ALLOW, failWith } from '../../../src/plan/seccomp/actions.js';
import { runFilter } from '../../../src/plan/seccomp/run.js';
import { syscallNumbers } from '../../../src/plan/seccomp/syscalls-x64.js';
import { parseSeccomp } from '../../../src/spec/seccomp.js';
import type { CheckedSeccomp, OciSeccompProfile } from '../../../src/spec/seccomp.js';
import { RoomError } from '../../../src/errors.js';

const bare = { capabilities: [] };
const byDefault: CheckedSeccomp = { kind: 'default', allow: [] };
const needed = [...new Set(roomInitCalls.map(({ name }) => name))];

const own = (names: readonly string[], more: Partial<OciSeccompProfile> = {}): CheckedSeccomp =>
  parseSeccomp(
    {
      profile: { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }], ...more },
    },
    'seccomp',
  );

test('room-init runs under the default profile, and whatever is granted', (t) => {
  t.notThrows(() => compileSeccomp(byDefault, bare));
  t.notThrows(() => compileSeccomp({ kind: 'default', allow: ['ptrace', 'clone', 'clone3', 'ioctl'] }, bare));
});

test('a profile that room-init could not run under is refused, and says what it lacks', (t) => {
  t.notThrows(() => compileSeccomp(own(needed), bare));
  for (const name of needed) {
    const rest = needed.filter((other) => other !== name);
    const error = t.throws(() => compileSeccomp(own(rest), bare), { instanceOf: RoomError });
    t.is(error.code, 'ERR_ROOM_SECCOMP_PROFILE');
    t.true(error.message.endsWith(`It has to allow ${name}.`), error.message);
  }
  const nothing = t.throws(() => compileSeccomp(own(['read']), bare), { instanceOf: RoomError });
  for (const name of needed.filter((other) => other !== 'read'))
    t.regex(nothing.message, new RegExp(`\\b${name}\\b`));
});

test('arguments of what room-init calls count', (t) => {
  const denying = (name: 'clone' | 'ioctl' | 'prctl', argument: number, value: bigint) =>
    compilePolicy({
      rules: [
        {
          number: syscallNumbers[name],
          when: [{ argument, comparison: 'EQ', value, mask: 0xffff_ffffn }],
          action: failWith(1),
        },
      ],
      otherwise: ALLOW,
      newest: 469,
    }).program;
  t.throws(() => assertRoomInitAllowed(denying('clone', 0, 0x4111n)), { message: /allow clone\./ });
  t.throws(() => assertRoomInitAllowed(denying('ioctl', 1, 0x540en)), { message: /allow ioctl\./ });
  t.throws(() => assertRoomInitAllowed(denying('prctl', 0, 28n)), { message: /allow prctl\./ });
  t.notThrows(() => assertRoomInitAllowed(denying('ioctl', 1, 0x5412n)));
});

test('logging does not stop room-init', (t) => {
  t.notThrows(() => compileSeccomp(own([], { defaultAction: 'SCMP_ACT_LOG', syscalls: [] }), bare));
});

test('capabilities are numbers here and names in profiles', (t) => {
  const profile = own(needed, {
    syscalls: [
      { names: needed, action: 'SCMP_ACT_ALLOW' },
      { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
      { names: ['fsopen'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '6.2' } },
      { names: ['nonsense'], action: 'SCMP_ACT_ALLOW' },
    ],
  });
  const answer = (number: number, surroundings: Parameters<typeof compileSeccomp>[1]): number =>
    runFilter(compileSeccomp(profile, surroundings), { number });
  t.is(answer(syscallNumbers.mount, bare), failWith(1));
  t.is(answer(syscallNumbers.mount, { capabilities: [21] }), ALLOW);
  t.is(answer(syscallNumbers.fsopen, { capabilities: [], kernelRelease: '6.1.0-38-amd64' }), failWith(1));
  t.is(answer(syscallNumbers.fsopen, { capabilities: [], kernelRelease: '6.18.44' }), ALLOW);
  t.is(answer(syscallNumbers.fsopen, bare), failWith(1));
  t.deepEqual(compileFilter(profile, bare).ignoredNames, ['nonsense']);
});

test('the cache gives the same filter for the same input, and for no other', (t) => {
  const cache = new SeccompCache();
  const first = cache.compile(byDefault, bare);
  t.is(cache.compile({ kind: 'default', allow: [] }, { capabilities: [1] }), first);
  t.not(cache.compile({ kind: 'default', allow: ['ptrace'] }, bare).program, first.program);
  t.is(cache.compile(own(needed), bare), cache.compile(own(needed), bare));
  t.not(cache.compile(own(needed), bare), cache.compile(own(needed), { capabilities: [21] }));
  t.throws(() => cache.compile({ kind: 'default', allow: ['ptrace bpf'] }, bare), { instanceOf: RoomError });
  t.not(new SeccompCache().compile(byDefault, bare), first);
});

test('the cache is bounded and keeps what was used last', (t) => {
  const cache = new SeccompCache(2);
  const grant = (name: string) => cache.compile({ kind: 'default', allow: [name] }, bare);
  const ptrace = grant('ptrace');
  const bpf = grant('bpf');
  t.is(grant('ptrace'), ptrace);
  grant('mount');
  t.is(grant('ptrace'), ptrace);
  t.not(grant('bpf'), bpf);
});
