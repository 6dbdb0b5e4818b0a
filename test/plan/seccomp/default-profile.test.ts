import test from 'ava';
import { describeAction } from '../../../src/plan/seccomp/actions.js';
import { compilePolicy } from '../../../src/plan/seccomp/compile.js';
import { defaultPolicy } from '../../../src/plan/seccomp/default-policy.js';
import { defaultProfile } from '../../../src/plan/seccomp/default-profile.js';
import { runFilter } from '../../../src/plan/seccomp/run.js';
import { newestSyscall, syscallNumbers } from '../../../src/plan/seccomp/syscalls-x64.js';
import type { SyscallName } from '../../../src/plan/seccomp/syscalls-x64.js';
import { RoomError } from '../../../src/errors.js';
import { edges, enosys, evaluateRows } from './naive.js';

const { program, instructions } = compilePolicy(defaultPolicy([]));

const answer = (name: SyscallName, ...given: (number | bigint)[]): string =>
  describeAction(runFilter(program, { number: syscallNumbers[name], arguments: given.map(BigInt) }));

test('the program decides as the table does, for every number and around every compared value', (t) => {
  let compared = 0;
  for (let number = 0; number <= 600; number++) {
    const conditions = defaultProfile
      .filter(({ names }) => names.some((name) => syscallNumbers[name] === number))
      .flatMap(({ when = [] }) => when.flat());
    for (const first of edges(conditions, 0)) {
      for (const second of edges(conditions, 1)) {
        for (const third of edges(conditions, 2)) {
          const given = [first, second, third, 0n, 0n, 0n];
          const expected = evaluateRows(defaultProfile, number, given);
          const actual = runFilter(program, { number, arguments: given });
          if (actual !== expected)
            t.is(describeAction(actual), describeAction(expected), `${number} ${given.join()}`);
          compared++;
        }
      }
    }
  }
  t.true(compared > 100_000, `${compared}`);
});

test('numbers that the table does not know are ENOSYS', (t) => {
  for (const number of [337, 400, newestSyscall + 1, 512, 547, 1000, 0x3fffffff, 0x7fffffff, 0xffffffff]) {
    t.is(runFilter(program, { number }), enosys, String(number));
  }
});

test('a table made from newer headers wants its new names decided on first', (t) => {
  t.is(newestSyscall, 469);
});

test('x32 calls are ENOSYS, calls of other architectures kill', (t) => {
  for (const number of Object.values(syscallNumbers)) {
    t.is(runFilter(program, { number: number + 0x40000000 }), enosys);
    t.is(runFilter(program, { number, architecture: 0x40000003 }), 0x80000000); // i386
    t.is(runFilter(program, { number, architecture: 0xc00000b7 }), 0x80000000); // aarch64
  }
});

test('namespaces', (t) => {
  for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
    t.is(answer('clone', flag | 17), 'errno 1');
    t.is(answer('unshare', flag), 'errno 1');
  }
  t.is(answer('unshare', 0x80), 'errno 1'); // CLONE_NEWTIME
  t.is(answer('unshare', 0x100000), 'errno 1'); // a flag without a meaning yet
  t.is(answer('unshare', 0x400 | 0x200 | 0x40000), 'allow');
  t.is(answer('clone', 0x3d0f00), 'allow'); // pthread_create(3)
  t.is(answer('clone', 17), 'allow');
  t.is(answer('clone', 0x4000 | 0x100 | 17), 'allow');
  t.is(answer('clone', 0x80), 'allow'); // an exit signal, not CLONE_NEWTIME
  t.is(answer('clone3'), 'errno 38');
  t.is(answer('setns'), 'errno 1');
});

test('socket families and protocols', (t) => {
  for (const name of ['socket', 'socketpair'] as const) {
    t.is(answer(name, 1, 1), 'allow');
    t.is(answer(name, 2, 0x80001, 6), 'allow');
    t.is(answer(name, 10, 2, 17), 'allow');
    t.is(answer(name, 2, 3, 1), 'allow'); // raw ICMP, which the kernel decides on
    t.is(answer(name, 16, 3, 0), 'allow');
    t.is(answer(name, 16, 3, 12), 'errno 97'); // NETLINK_NETFILTER
    for (const family of [0, 3, 4, 5, 9, 17, 21, 29, 31, 38, 40, 44])
      t.is(answer(name, family, 1), 'errno 97');
    t.is(answer(name, 0x1_0000_0026, 5), 'errno 97'); // AF_ALG with a bit that the kernel ignores
    t.is(answer(name, 0x1_0000_0001, 1), 'allow'); // to the kernel this is AF_UNIX
    t.is(answer(name, 2, 10, 0x300), 'errno 97'); // SOCK_PACKET
    t.is(answer(name, 2, 10 | 0x80000, 0x300), 'errno 97');
    t.is(answer(name, 2, 1, 132), 'errno 93');
    t.is(answer(name, 10, 0x80006, 0), 'errno 93');
    t.is(answer(name, 2, 1, 256), 'errno 93');
    t.is(answer(name, 2, 1, 262), 'allow'); // MPTCP
  }
  t.is(answer('setsockopt', 3, 0, 64), 'errno 1');
  t.is(answer('setsockopt', 3, 41, 65), 'errno 1');
  t.is(answer('setsockopt', 3, 41, 66), 'allow');
  t.is(answer('setsockopt', 3, 6, 64), 'allow');
});

test('requests to terminals, whatever the upper half of the register', (t) => {
  for (const request of [0x5412, 0x541c, 0x5423]) {
    for (const high of [0n, 1n, 0xffffffffn])
      t.is(answer('ioctl', 0, (high << 32n) | BigInt(request)), 'errno 1');
  }
  t.is(answer('ioctl', 0, 0x5413), 'allow');
  t.is(answer('ioctl', 0x5412, 0x540e), 'allow');
});

test('personality', (t) => {
  for (const persona of [0, 8, 0x20000, 0x20008, 0xffffffff]) t.is(answer('personality', persona), 'allow');
  for (const persona of [1, 6, 0x40000, 0x400000, 0x20009]) t.is(answer('personality', persona), 'errno 1');
});

test('what is denied whatever its arguments', (t) => {
  const denied: SyscallName[] = [
    'mount', 'umount2', 'pivot_root', 'fsopen', 'fsconfig', 'fsmount', 'fspick', 'open_tree', 'move_mount', 'mount_setattr',
    'open_tree_attr', 'bpf', 'perf_event_open', 'userfaultfd', 'keyctl', 'add_key', 'request_key', 'open_by_handle_at',
    'name_to_handle_at', 'kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module', 'quotactl',
    'quotactl_fd', 'swapon', 'swapoff', 'reboot', 'acct', 'settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'iopl',
    'ioperm', 'syslog', 'vhangup', 'ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'kcmp', 'pidfd_getfd',
    'sethostname', 'setdomainname', 'chroot', 'migrate_pages', 'move_pages', 'fanotify_init', 'setns',
  ]; // prettier-ignore
  for (const name of denied) t.is(answer(name), 'errno 1', name);
  const absent: SyscallName[] = [
    'io_uring_setup', 'io_uring_enter', 'io_uring_register', 'clone3', 'lookup_dcookie', 'nfsservctl', 'uselib', 'ustat',
    'modify_ldt', 'memfd_secret', 'cachestat',
  ]; // prettier-ignore
  for (const name of absent) t.is(answer(name), 'errno 38', name);
});

test('what stays allowed', (t) => {
  const allowed: SyscallName[] = [
    'read', 'execve', 'execveat', 'fork', 'vfork', 'mmap', 'futex', 'seccomp', 'landlock_create_ruleset', 'mbind',
    'set_mempolicy', 'get_mempolicy', 'io_setup', 'fchmodat2', 'mseal', 'statmount', 'listmount', 'memfd_create', 'rseq',
    'openat2', 'pidfd_open', 'epoll_pwait2', 'futex_wait', 'file_getattr', 'uretprobe', 'uprobe', 'inotify_init1', 'mknod',
  ]; // prettier-ignore
  for (const name of allowed) t.is(answer(name), 'allow', name);
});

test('a grant removes all rows of that name and of no other', (t) => {
  const granted = compilePolicy(defaultPolicy(['ptrace', 'socket', 'mount'])).program;
  const rows = defaultProfile.map((row) => ({
    ...row,
    names: row.names.filter((name) => !['ptrace', 'socket', 'mount'].includes(name)),
  }));
  for (let number = 0; number <= 600; number++) {
    for (const given of [[0n], [38n, 5n], [2n, 1n, 132n], [16n, 3n, 12n], [0x20000n]]) {
      t.is(runFilter(granted, { number, arguments: given }), evaluateRows(rows, number, given));
    }
  }
});

test('a grant of what is not denied is an error that names the place', (t) => {
  const allowed = t.throws(() => defaultPolicy(['ptrace', 'read']), { instanceOf: RoomError });
  t.is(allowed.code, 'ERR_ROOM_SECCOMP_PROFILE');
  t.regex(allowed.message, /seccomp\.allow\[1\].*does not deny 'read'/);
  const unknown = t.throws(() => defaultPolicy(['ptrcae']), { instanceOf: RoomError });
  t.regex(unknown.message, /seccomp\.allow\[0\].*'ptrcae' is not a syscall/);
  for (const name of ['__proto__', 'constructor', 'toString', '']) {
    t.throws(() => defaultPolicy([name]), { instanceOf: RoomError, message: /is not a syscall/ });
  }
});

test('every row says why, and no row is there twice', (t) => {
  for (const { reason, names } of defaultProfile) {
    t.regex(reason, /\.$/);
    t.is(new Set(names).size, names.length);
  }
  const always = defaultProfile.filter(({ when }) => when === undefined).flatMap(({ names }) => names);
  t.is(new Set(always).size, always.length);
});

test('the program is short, which is what loading it costs', (t) => {
  t.true(instructions <= 128, `${instructions}`);
  t.is(program.length, instructions * 8);
});
