import test from 'ava';
import { describeAction } from '../../../src/plan/seccomp/actions.js';
import { compilePolicy } from '../../../src/plan/seccomp/compile.js';
import { ociPolicy } from '../../../src/plan/seccomp/oci.js';
import type { Surroundings } from '../../../src/plan/seccomp/oci-scope.js';
import { runFilter } from '../../../src/plan/seccomp/run.js';
import { syscallNumbers } from '../../../src/plan/seccomp/syscalls-x64.js';
import type { SyscallName } from '../../../src/plan/seccomp/syscalls-x64.js';
import { parseSeccomp } from '../../../src/spec/seccomp.js';
import type { CheckedProfile, OciSeccompProfile, OciSyscallRule } from '../../../src/spec/seccomp.js';
import { RoomError } from '../../../src/errors.js';

const bare: Surroundings = { capabilities: [], kernel: [6, 1] };

function check(profile: OciSeccompProfile): CheckedProfile {
  const checked = parseSeccomp({ profile }, 'seccomp');
  if (checked.kind !== 'profile') throw new Error('not a profile');
  return checked.profile;
}

function answers(profile: OciSeccompProfile, surroundings = bare) {
  const { program } = compilePolicy(ociPolicy(check(profile), surroundings).policy);
  return (name: SyscallName | number, ...given: (number | bigint)[]): string =>
    describeAction(
      runFilter(program, {
        number: typeof name === 'number' ? name : syscallNumbers[name],
        arguments: given.map(BigInt),
      }),
    );
}

/** The shape of Docker's own profile, with a few of its rules. */
const dockerLike: OciSeccompProfile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 1,
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
    { architecture: 'SCMP_ARCH_RISCV64', subArchitectures: null },
  ],
  syscalls: [
    { names: ['read', 'write', 'chown32', '_llseek', 'epoll_pwait2'], action: 'SCMP_ACT_ALLOW' },
    { names: ['ptrace'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '4.8' } },
    { names: ['kcmp'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '6.2' } },
    { names: ['socket'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 40, op: 'SCMP_CMP_NE' }] },
    { names: ['personality'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 0, op: 'SCMP_CMP_EQ' }] },
    {
      names: ['personality'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 4294967295, op: 'SCMP_CMP_EQ' }],
    },
    {
      names: ['swapcontext', 'sync_file_range'],
      action: 'SCMP_ACT_ALLOW',
      includes: { arches: ['ppc64le'] },
    },
    { names: ['arch_prctl'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['amd64', 'x32'] } },
    { names: ['mount', 'clone', 'clone3'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 2114060288, op: 'SCMP_CMP_MASKED_EQ' }],
      excludes: { caps: ['CAP_SYS_ADMIN'], arches: ['s390', 's390x'] },
    },
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 1, value: 2114060288, op: 'SCMP_CMP_MASKED_EQ' }],
      comment: 's390 parameter ordering for clone is different',
      includes: { arches: ['s390', 's390x'] },
      excludes: { caps: ['CAP_SYS_ADMIN'] },
    },
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38, excludes: { caps: ['CAP_SYS_ADMIN'] } },
    {
      names: ['bpf', 'perf_event_open'],
      action: 'SCMP_ACT_ALLOW',
      includes: { caps: ['CAP_SYS_ADMIN', 'CAP_BPF'] },
    },
    { names: ['vhangup'], action: 'SCMP_ACT_ALLOW', excludes: { minKernel: '5.0' } },
  ],
};

test('a profile of Docker, without capabilities', (t) => {
  const answer = answers(dockerLike);
  t.is(answer('read'), 'allow');
  t.is(answer('open'), 'errno 1');
  t.is(answer('ptrace'), 'allow');
  t.is(answer('kcmp'), 'errno 1');
  t.is(answer('socket', 40), 'errno 1');
  t.is(answer('socket', 38), 'allow');
  t.is(answer('personality', 0), 'allow');
  t.is(answer('personality', 0xffffffff), 'allow');
  t.is(answer('personality', 8), 'errno 1');
  t.is(answer('arch_prctl'), 'allow');
  t.is(answer('sync_file_range'), 'errno 1');
  t.is(answer('mount'), 'errno 1');
  t.is(answer('clone', 17), 'allow');
  t.is(answer('clone', 0x10000000, 0), 'errno 1');
  t.is(answer('clone3'), 'errno 38');
  t.is(answer('bpf'), 'errno 1');
  t.is(answer('vhangup'), 'errno 1');
});

test('capabilities and the kernel decide which rules are in force', (t) => {
  const admin = answers(dockerLike, { capabilities: ['CAP_SYS_ADMIN'], kernel: [6, 2] });
  t.is(admin('mount'), 'allow');
  t.is(admin('clone', 0x10000000), 'allow');
  t.is(admin('clone3'), 'allow');
  t.is(admin('bpf'), 'errno 1'); // wants both
  t.is(admin('kcmp'), 'allow');
  const both = answers(dockerLike, { capabilities: ['CAP_BPF', 'CAP_SYS_ADMIN'], kernel: [4, 9] });
  t.is(both('bpf'), 'allow');
  t.is(both('kcmp'), 'errno 1');
  t.is(both('vhangup'), 'allow');
  t.is(answers(dockerLike, { capabilities: [], kernel: [10, 0] })('kcmp'), 'allow');
});

test('names of other architectures are ignored and told', (t) => {
  const { ignoredNames } = ociPolicy(check(dockerLike), bare);
  t.deepEqual(ignoredNames, ['chown32', '_llseek']);
});

test('a profile that denies by default answers ENOSYS beyond the newest syscall it names', (t) => {
  const answer = answers(dockerLike);
  t.is(syscallNumbers.epoll_pwait2, 441);
  t.is(answer('epoll_pwait2'), 'allow');
  t.is(answer('faccessat2'), 'errno 1');
  t.is(answer('mount_setattr'), 'errno 38');
  t.is(answer('fchmodat2'), 'errno 38');
  t.is(answer(400), 'errno 38');
  t.is(answer(470), 'errno 38');
  const kill = answers({ ...dockerLike, defaultAction: 'SCMP_ACT_KILL_PROCESS', defaultErrnoRet: null });
  t.is(kill('faccessat2'), 'kill process');
  t.is(kill('fchmodat2'), 'errno 38');
});

test('a profile that allows by default allows what this library knows, and nothing beyond', (t) => {
  for (const [action, said] of [
    ['SCMP_ACT_ALLOW', 'allow'],
    ['SCMP_ACT_LOG', 'log'],
  ] as const) {
    const answer = answers({
      defaultAction: action,
      syscalls: [{ names: ['mount'], action: 'SCMP_ACT_ERRNO' }],
    });
    t.is(answer('mount'), 'errno 1');
    t.is(answer('file_setattr'), said);
    t.is(answer(470), 'errno 38');
    t.is(answer(0x40000000), 'errno 38');
  }
  t.is(answers({ defaultAction: 'SCMP_ACT_ERRNO' })('read'), 'errno 1');
});

test('every action', (t) => {
  const actions: [OciSyscallRule['action'], number | null, string][] = [
    ['SCMP_ACT_ALLOW', null, 'allow'],
    ['SCMP_ACT_LOG', null, 'log'],
    ['SCMP_ACT_TRAP', null, 'trap'],
    ['SCMP_ACT_KILL', null, 'kill thread'],
    ['SCMP_ACT_KILL_THREAD', null, 'kill thread'],
    ['SCMP_ACT_KILL_PROCESS', null, 'kill process'],
    ['SCMP_ACT_ERRNO', null, 'errno 1'],
    ['SCMP_ACT_ERRNO', 0, 'errno 0'],
    ['SCMP_ACT_ERRNO', 4095, 'errno 4095'],
  ];
  for (const [action, errnoRet, said] of actions) {
    t.is(
      answers({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['read'], action, errnoRet }] })('read'),
      said,
    );
    t.is(answers({ defaultAction: action, defaultErrnoRet: errnoRet })('read'), said);
  }
});

test('every operator', (t) => {
  const big = 0x5_0000_0005n;
  const cases: [string, bigint, (actual: bigint) => boolean][] = [
    ['SCMP_CMP_EQ', 0n, (actual) => actual === big],
    ['SCMP_CMP_NE', 0n, (actual) => actual !== big],
    ['SCMP_CMP_LT', 0n, (actual) => actual < big],
    ['SCMP_CMP_LE', 0n, (actual) => actual <= big],
    ['SCMP_CMP_GE', 0n, (actual) => actual >= big],
    ['SCMP_CMP_GT', 0n, (actual) => actual > big],
    ['SCMP_CMP_MASKED_EQ', 4n, (actual) => (actual & big) === 4n],
    ['SCMP_CMP_MASKED_EQ', 2n, () => false],
  ];
  for (const [op, valueTwo, holds] of cases) {
    for (const value of [Number(big), String(big), `0x${big.toString(16)}`]) {
      const answer = answers({
        defaultAction: 'SCMP_ACT_ERRNO',
        syscalls: [
          {
            names: ['read'],
            action: 'SCMP_ACT_ALLOW',
            args: [{ index: 2, value, valueTwo: Number(valueTwo), op }],
          },
        ],
      });
      for (const actual of [
        0n,
        4n,
        5n,
        big - 1n,
        big,
        big + 1n,
        0x5_0000_0000n,
        0x6_0000_0000n,
        0xffff_ffff_ffff_ffffn,
      ]) {
        t.is(answer('read', 0, 0, actual), holds(actual) ? 'allow' : 'errno 1', `${actual} ${op} ${value}`);
      }
    }
  }
});

test('conditions on different arguments hold together, several on one argument are alternatives', (t) => {
  const eq = (index: number, value: number) => ({ index, value, op: 'SCMP_CMP_EQ' });
  const rule = (args: OciSyscallRule['args'] & object): OciSeccompProfile => ({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW', args }],
  });
  const together = answers(rule([eq(0, 1), eq(1, 2)]));
  t.is(together('read', 1, 2), 'allow');
  t.is(together('read', 1, 3), 'errno 1');
  const either = answers(rule([eq(0, 1), eq(0, 2), eq(1, 7)]));
  for (const given of [
    [1, 0],
    [2, 0],
    [9, 7],
  ])
    t.is(either('read', ...given), 'allow');
  t.is(either('read', 3, 3), 'errno 1');
});

test('of several rules for a syscall the first that matches decides', (t) => {
  const answer = answers({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      {
        names: ['ioctl'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 25,
        args: [{ index: 1, value: 0x5412, op: 'SCMP_CMP_EQ' }],
      },
      { names: ['ioctl'], action: 'SCMP_ACT_ALLOW' },
    ],
  });
  t.is(answer('ioctl', 0, 0x5412), 'errno 25');
  t.is(answer('ioctl', 0, 0x5413), 'allow');
});

test('what cannot be compiled is refused with its place', (t) => {
  const base = { defaultAction: 'SCMP_ACT_ERRNO' };
  const allow = { names: ['read'], action: 'SCMP_ACT_ALLOW' };
  const cases: [OciSeccompProfile, RegExp][] = [
    [{ defaultAction: 'SCMP_ACT_ALOW' }, /profile\.defaultAction: there is no action 'SCMP_ACT_ALOW'/],
    [{ defaultAction: 'SCMP_ACT_NOTIFY' }, /profile\.defaultAction: .*NOTIFY is not supported/],
    [
      { defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 },
      /profile\.defaultErrnoRet: .*ALLOW returns no error/,
    ],
    [
      { ...base, syscalls: [allow, { ...allow, action: 'ALLOW' }] },
      /syscalls\[1\]\.action: there is no action 'ALLOW'/,
    ],
    [
      { ...base, syscalls: [{ ...allow, action: 'SCMP_ACT_TRACE' }] },
      /syscalls\[0\]\.action: .*TRACE.*no tracer/,
    ],
    [{ ...base, syscalls: [{ ...allow, action: 'SCMP_ACT_NOTIFY' }] }, /syscalls\[0\]\.action: .*NOTIFY/],
    [
      { ...base, syscalls: [{ ...allow, errnoRet: 1 }] },
      /syscalls\[0\]\.errnoRet: SCMP_ACT_ALLOW returns no error/,
    ],
    [
      { ...base, syscalls: [{ ...allow, args: [{ index: 0, value: 1, op: 'EQ' }] }] },
      /syscalls\[0\]\.args\[0\]\.op: there is no operator 'EQ'/,
    ],
    [
      { ...base, syscalls: [{ ...allow, action: 'x', includes: { arches: ['arm'] } }] },
      /syscalls\[0\]\.action/,
    ],
    [{ ...base, architectures: ['SCMP_ARCH_AARCH64'] }, /architectures: has to include SCMP_ARCH_X86_64/],
    [
      { ...base, archMap: [{ architecture: 'SCMP_ARCH_AARCH64' }] },
      /architectures: has to include SCMP_ARCH_X86_64/,
    ],
    [
      { ...base, architectures: ['SCMP_ARCH_X86_64'], archMap: [{ architecture: 'SCMP_ARCH_X86_64' }] },
      /archMap: `architectures` is there as well/,
    ],
    [
      { ...base, flags: ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_LOG'] },
      /flags\[1\]: SECCOMP_FILTER_FLAG_LOG/,
    ],
  ];
  for (const [profile, message] of cases) {
    const error = t.throws(() => ociPolicy(check(profile), bare), { instanceOf: RoomError, message });
    t.is(error.code, 'ERR_ROOM_SECCOMP_PROFILE');
  }
});

test('architectures may be left out, and may name others as well', (t) => {
  for (const architectures of [[], null, ['SCMP_ARCH_X86', 'SCMP_ARCH_X86_64', 'SCMP_ARCH_X32']]) {
    t.is(answers({ defaultAction: 'SCMP_ACT_LOG', architectures })('read'), 'log');
  }
});
