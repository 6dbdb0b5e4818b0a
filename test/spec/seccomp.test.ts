import test from 'ava';
import { parseSeccomp } from '../../src/spec/seccomp.js';
import { SpecRangeError, SpecTypeError } from '../../src/errors.js';

const rule = { names: ['read'], action: 'SCMP_ACT_ALLOW' };
const base = { defaultAction: 'SCMP_ACT_ERRNO' };
const argument = { index: 0, value: 1, op: 'SCMP_CMP_EQ' };

const withRule = (more: object): unknown => ({
  profile: { ...base, syscalls: [rule, { ...rule, ...more }] },
});
const withArgument = (more: object): unknown => withRule({ args: [{ ...argument, ...more }] });

test('the default', (t) => {
  const expected = { kind: 'default', allow: [] } as const;
  t.deepEqual(parseSeccomp(undefined, 'seccomp'), expected);
  t.deepEqual(parseSeccomp('default', 'seccomp'), expected);
  t.deepEqual(parseSeccomp({ allow: [] }, 'seccomp'), expected);
  t.deepEqual(parseSeccomp({ allow: ['ptrace'] }, 'seccomp'), { kind: 'default', allow: ['ptrace'] });
});

test('a profile, with what was left out filled in', (t) => {
  const nowhere = { caps: [], arches: [], minKernel: null };
  t.deepEqual(parseSeccomp({ profile: base }, 'seccomp'), {
    kind: 'profile',
    profile: {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrno: null,
      architectures: [],
      archMap: [],
      flags: [],
      syscalls: [],
    },
  });
  const full = {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 38,
    defaultErrno: 'ENOSYS',
    archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: null }],
    flags: [],
    syscalls: [
      { name: 'read', action: 'SCMP_ACT_ALLOW', args: null, includes: {}, excludes: null, comment: '' },
      {
        names: ['write', 'writev'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 1,
        errno: 'EPERM',
        args: [
          {
            index: 5,
            value: '0xFFFFFFFFFFFFFFFF',
            valueTwo: '18446744073709551615',
            op: 'SCMP_CMP_MASKED_EQ',
          },
          argument,
        ],
        includes: { caps: ['CAP_SYS_ADMIN'], arches: ['amd64'], minKernel: '4.8' },
        excludes: { caps: null },
      },
    ],
  };
  t.deepEqual(parseSeccomp({ profile: full }, 'seccomp'), {
    kind: 'profile',
    profile: {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrno: 38,
      architectures: [],
      archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] }],
      flags: [],
      syscalls: [
        {
          names: ['read'],
          action: 'SCMP_ACT_ALLOW',
          errno: null,
          args: [],
          includes: nowhere,
          excludes: nowhere,
        },
        {
          names: ['write', 'writev'],
          action: 'SCMP_ACT_ERRNO',
          errno: 1,
          args: [
            {
              index: 5,
              value: '18446744073709551615',
              valueTwo: '18446744073709551615',
              op: 'SCMP_CMP_MASKED_EQ',
            },
            { index: 0, value: '1', valueTwo: '0', op: 'SCMP_CMP_EQ' },
          ],
          includes: { caps: ['CAP_SYS_ADMIN'], arches: ['amd64'], minKernel: [4, 8] },
          excludes: nowhere,
        },
      ],
    },
  });
});

test('nothing of what was passed in is kept', (t) => {
  const allow = ['ptrace'];
  const checked = parseSeccomp({ allow }, 'seccomp');
  allow.push('bpf');
  t.deepEqual(checked, { kind: 'default', allow: ['ptrace'] });
});

test('errors name the field', (t) => {
  const cases: [unknown, typeof SpecTypeError | typeof SpecRangeError, string][] = [
    ['none', SpecRangeError, 'seccomp'],
    [null, SpecTypeError, 'seccomp'],
    [true, SpecTypeError, 'seccomp'],
    [[], SpecTypeError, 'seccomp'],
    [{}, SpecTypeError, 'seccomp'],
    [{ alow: [] }, SpecTypeError, 'seccomp.alow'],
    [{ allow: [], profile: base }, SpecRangeError, 'seccomp'],
    [{ allow: 'ptrace' }, SpecTypeError, 'seccomp.allow'],
    [{ allow: ['ptrace', 1] }, SpecTypeError, 'seccomp.allow[1]'],
    [{ profile: null }, SpecTypeError, 'seccomp.profile'],
    [{ profile: {} }, SpecTypeError, 'seccomp.profile.defaultAction'],
    [{ profile: { ...base, listenerPath: '/x' } }, SpecTypeError, 'seccomp.profile.listenerPath'],
    [{ profile: { ...base, defaultErrnoRet: 4096 } }, SpecRangeError, 'seccomp.profile.defaultErrnoRet'],
    [{ profile: { ...base, defaultErrnoRet: '1' } }, SpecTypeError, 'seccomp.profile.defaultErrnoRet'],
    [{ profile: { ...base, defaultErrno: 'EPERM' } }, SpecTypeError, 'seccomp.profile.defaultErrnoRet'],
    [{ profile: { ...base, architectures: 'x' } }, SpecTypeError, 'seccomp.profile.architectures'],
    [{ profile: { ...base, archMap: [{}] } }, SpecTypeError, 'seccomp.profile.archMap[0].architecture'],
    [{ profile: { ...base, syscalls: {} } }, SpecTypeError, 'seccomp.profile.syscalls'],
    [{ profile: { ...base, syscalls: [null] } }, SpecTypeError, 'seccomp.profile.syscalls[0]'],
    [withRule({ arg: [] }), SpecTypeError, 'seccomp.profile.syscalls[1].arg'],
    [withRule({ names: [] }), SpecRangeError, 'seccomp.profile.syscalls[1].names'],
    [withRule({ names: null }), SpecTypeError, 'seccomp.profile.syscalls[1].names'],
    [withRule({ name: 'read' }), SpecRangeError, 'seccomp.profile.syscalls[1].name'],
    [withRule({ names: ['a', 2] }), SpecTypeError, 'seccomp.profile.syscalls[1].names[1]'],
    [withRule({ action: 1 }), SpecTypeError, 'seccomp.profile.syscalls[1].action'],
    [withRule({ errnoRet: -1 }), SpecRangeError, 'seccomp.profile.syscalls[1].errnoRet'],
    [withRule({ errno: 'EPERM' }), SpecTypeError, 'seccomp.profile.syscalls[1].errnoRet'],
    [withRule({ comment: 1 }), SpecTypeError, 'seccomp.profile.syscalls[1].comment'],
    [withRule({ includes: { cap: [] } }), SpecTypeError, 'seccomp.profile.syscalls[1].includes.cap'],
    [
      withRule({ excludes: { minKernel: 4.8 } }),
      SpecTypeError,
      'seccomp.profile.syscalls[1].excludes.minKernel',
    ],
    [
      withRule({ excludes: { minKernel: '4' } }),
      SpecRangeError,
      'seccomp.profile.syscalls[1].excludes.minKernel',
    ],
    [withArgument({ index: 6 }), SpecRangeError, 'seccomp.profile.syscalls[1].args[0].index'],
    [withArgument({ index: '0' }), SpecTypeError, 'seccomp.profile.syscalls[1].args[0].index'],
    [withArgument({ value: -1 }), SpecRangeError, 'seccomp.profile.syscalls[1].args[0].value'],
    [withArgument({ value: 1.5 }), SpecRangeError, 'seccomp.profile.syscalls[1].args[0].value'],
    [withArgument({ value: 2 ** 53 }), SpecRangeError, 'seccomp.profile.syscalls[1].args[0].value'],
    [
      withArgument({ value: '18446744073709551616' }),
      SpecRangeError,
      'seccomp.profile.syscalls[1].args[0].value',
    ],
    [withArgument({ value: '1e3' }), SpecRangeError, 'seccomp.profile.syscalls[1].args[0].value'],
    [withArgument({ value: '' }), SpecRangeError, 'seccomp.profile.syscalls[1].args[0].value'],
    [withArgument({ value: null }), SpecTypeError, 'seccomp.profile.syscalls[1].args[0].value'],
    [withArgument({ valueTwo: NaN }), SpecRangeError, 'seccomp.profile.syscalls[1].args[0].valueTwo'],
    [withArgument({ op: 3 }), SpecTypeError, 'seccomp.profile.syscalls[1].args[0].op'],
  ];
  for (const [value, type, field] of cases) {
    const error = t.throws(() => parseSeccomp(value, 'seccomp'), { instanceOf: type });
    t.is(error.field, field, error.message);
  }
});
