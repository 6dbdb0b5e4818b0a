import { constants } from 'node:os';
import type { SyscallName } from '../../../src/plan/seccomp/syscalls-x64.js';
import type { Call, Role } from './injector.js';

const { EAGAIN, EINTR, EIO, EMFILE, ENOMEM, ENOSPC, EPERM } = constants.errno;

const errors: Partial<Record<SyscallName, number>> = {
  clone: EAGAIN,
  clone3: EAGAIN,
  openat: EMFILE,
  openat2: EMFILE,
  pipe2: EMFILE,
  socketpair: EMFILE,
  socket: EMFILE,
  fcntl: EMFILE,
  signalfd4: EMFILE,
  memfd_create: EMFILE,
  epoll_create1: EMFILE,
  eventfd2: EMFILE,
  inotify_init1: EMFILE,
  epoll_ctl: ENOSPC,
  inotify_add_watch: ENOSPC,
  mkdirat: ENOSPC,
  mknodat: ENOSPC,
  symlinkat: ENOSPC,
  ioctl: EIO,
  read: EIO,
  write: EIO,
  unlinkat: EIO,
  epoll_wait: EINTR,
  wait4: EINTR,
  waitid: EINTR,
  setpriority: EPERM,
  sched_setscheduler: EPERM,
};

/** What a call fails with: that which is likeliest to meet it. */
export function errorOf(call: SyscallName): number {
  return errors[call] ?? ENOMEM;
}

type Place = `${Role | '*'} ${SyscallName}`;

/** Calls that are left alone, and why. */
const leftAlone: Partial<Record<Place, string>> = {
  '* close': 'closes in any case; what it may report is about data of files on a disk',
  '* futex': 'a lock of the C library, which knows no error',
  '* exit': 'has no result',
  '* exit_group': 'has no result',
  '* rt_sigreturn': 'has no result',
  '* restart_syscall': 'made by the kernel for a call that was interrupted by the tracer',
  '* munmap': 'of what was mapped',
  '* mprotect': 'memory of the allocator: Node ends when there is none',
  '* madvise': 'memory of the allocator',
  '* brk': 'memory of the allocator: Node ends when there is none',
  '* rt_sigprocmask': 'with a set of the right size',
  '* rt_sigaction': 'with numbers of signals that there are, and two of which nothing can be changed',
  '* sched_getaffinity': 'of the allocator, which asks how many processors there are',
  '* set_robust_list': 'of a thread that begins',
  '* rseq': 'of a thread that begins',
  '* gettid': 'cannot fail',
  '* getpid': 'cannot fail',
  '* geteuid': 'cannot fail',
  '* getpriority': 'of the calling process',
  '* umask': 'cannot fail',
  '* clock_gettime': 'of a clock that there is',
  'anchor-watch write': 'an eventfd of libuv, which ends the process when that cannot be written',
  'anchor-watch mmap': 'memory of the allocator',
  'anchor-janitor mmap': 'memory of the allocator',
  'anchor-janitor write': 'an eventfd of libuv',
  'node write': 'an eventfd, whose counter does not overflow',
  'node mmap':
    'memory of V8, which may collect garbage while we are called, and of the allocator: Node ends when there is none',
  '* sched_yield': 'cannot fail',
  '* pkey_mprotect': 'memory of V8',
  '* mremap': 'memory of the allocator',
  '* nanosleep': 'waits a shorter time; what is waited for is looked at again',
  '* clock_nanosleep': 'waits a shorter time; what is waited for is looked at again',
  'anchor-prepare prlimit64': 'asks for a limit that there is',
  'start setsid': 'of a process that leads no group',
  'room-init wait4': 'of children that there are, without waiting',
};

export function isLeftAlone({ role, call }: Call): boolean {
  return leftAlone[`* ${call}`] !== undefined || leftAlone[`${role} ${call}`] !== undefined;
}

/** Calls whose failure nobody notices, and why that is right. */
const bearable: Partial<Record<Place, string>> = {
  'node setsockopt': 'fewer requests fit into the socket; the others wait outside',
  'node sendmsg': 'sent again',
  'node pidfd_send_signal': 'the socket of room-init is closed instead',
  'node recvfrom': 'a look ahead, which is made only where output comes early; the watcher reads it again',
  'anchor-launch sendmsg': 'sent again',
  'anchor-launch recvmsg': 'read again',
  'anchor-launch poll': 'a blank room that seems to have ended is not taken',
  'anchor-launch setsockopt': 'fewer requests fit into the socket of room-init',
  'anchor-launch wait4': 'waited for again',
  'anchor-launch waitid': 'waited for again',
  'anchor-launch write': 'the maker of a user namespace is killed when it cannot be told to go',
  'anchor-launch setns': 'the way back from the host is tried until it works',
  'anchor-launch setresuid': 'the way back to the own id is tried until it works',
  'anchor-launch prctl': 'the name of a thread; whether Node may be dumped',
  'anchor-launch sched_setscheduler': 'a preference',
  'anchor-launch open_tree': 'the probe for cloning detached mounts: without them templates are attached',
  'anchor-launch fsopen': 'the same probe',
  'anchor-launch fsconfig': 'the same probe',
  'anchor-launch fsmount': 'the same probe',
  'anchor-launch pidfd_send_signal': 'the end of its socket is the end of room-init too',
  'anchor-launch unlinkat': 'room-keeper removes it',
  'anchor-launch umount2': 'of a template, which goes with the launchers; since Linux 6.15 there is none',
  'anchor-launch mmap': 'memory of the allocator, which takes it from another arena',
  'anchor-prepare mmap': 'no blank rooms are made ahead then',
  'anchor-prepare unshare': 'no blank rooms are made ahead then',
  'anchor-prepare recvmsg': 'read again',
  'anchor-prepare sendmsg': 'sent again',
  'anchor-prepare capget': 'the thread keeps its priority',
  'anchor-prepare setpriority': 'the thread keeps its priority',
  'anchor-prepare setsockopt': 'fewer requests fit into the socket of room-init',
  'anchor-prepare wait4': 'waited for again',
  'anchor-prepare write': 'as anchor-launch',
  'anchor-prepare setresuid': 'as anchor-launch',
  'anchor-prepare prctl': 'as anchor-launch',
  'anchor-prepare poll': 'waited for again',
  'anchor-watch read': 'asked again',
  'anchor-watch recvmsg': 'read again',
  'anchor-watch recvfrom': 'read again',
  'anchor-watch epoll_wait': 'waited for again',
  'anchor-watch epoll_ctl': 'taking back what the kernel takes back by itself when the socket closes',
  'anchor-watch pidfd_send_signal': 'the socket of room-init is closed instead',
  'anchor-watch waitid': 'waited for again',
  'anchor-watch fstatfs': 'usage of the writable layer is null in the outcome',
  'anchor-watch openat': 'a thread with a table of its own reads the file of the cgroup',
  'anchor-janitor setpriority': 'the thread keeps its priority',
  'anchor-janitor openat': 'of a cgroup that is not empty yet: it is removed when it is',
  'anchor-janitor unlinkat': 'room-keeper removes it when the Anchor closes',
  'maker prctl': 'it leaves soon in any case',
  'maker poll': 'it leaves a moment earlier',
  'child setsid': 'of room-keeper, which may stay in the session',
  'start prctl': 'set a second time: it was so already',
  'start recvmsg': 'a room that waits and is no more is replaced by one that is made on the way',
  'room-init poll': 'a blank room that is no more is replaced by one that is made on the way',
  'room-init recvmsg': 'a blank room that is no more is replaced by one that is made on the way',
  'room-init read': 'of a descriptor that is asked again',
  'room-init prctl': 'done again later, when it counts; the name of the process',
  'room-init fcntl': 'the command leads its session itself then',
  'room-init setsid': 'the command leads its session itself then',
  'room-init ioctl': 'the command leads its session itself then; or what is unread is lost',
  'room-keeper prctl': 'the name of the process',
  'room-keeper openat': 'room-inits end with their sockets',
  'room-keeper write': 'room-inits end with their sockets',
  'room-keeper lseek': 'read again',
  'room-keeper getdents64': 'read again',
  'room-keeper recvfrom': 'read again',
  'room-keeper unlinkat': 'removed again',
};

/** Calls without which room-init cannot go on and can tell nobody: the room ends, and its outcome says that it did. */
const fatal: Partial<Record<Place, string>> = {
  'room-init getsockopt': 'it does not know that it is room-init',
  'room-init sendto': 'what it has to say does not arrive',
  'room-init poll': 'the command runs already',
  'room-init recvmsg': 'the command runs already',
};

export function isBearable({ role, call }: Call): boolean {
  return bearable[`${role} ${call}`] !== undefined;
}

export function isFatal({ role, call }: Call): boolean {
  return fatal[`${role} ${call}`] !== undefined;
}

/** Names of one call in errors: those of the C library, where code calls that. */
const aliases: Partial<Record<SyscallName, readonly string[]>> = {
  openat: ['open'],
  newfstatat: ['fstat'],
  recvfrom: ['recv'],
  unlinkat: ['rmdir'],
  clone3: ['pthread_create'],
  eventfd2: ['eventfd'],
};

export function isNameOf(call: SyscallName, name: string | undefined): boolean {
  return name === call || (name !== undefined && (aliases[call]?.includes(name) ?? false));
}

const pathCalls = new Set<SyscallName>(['openat', 'openat2', 'mkdirat', 'mknodat', 'symlinkat', 'fchmodat', 'fchownat', 'mkdir', 'unlinkat']); // prettier-ignore
const withPaths = new Set<Role>(['node', 'anchor-launch', 'anchor-prepare', 'anchor-janitor']);

/** Whether the error has to name a path. The child and room-init know numbers of mounts only. */
export function needsPath({ role, call }: Call): boolean {
  return withPaths.has(role) && pathCalls.has(call);
}
