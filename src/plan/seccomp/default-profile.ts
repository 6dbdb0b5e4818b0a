import type { ErrnoName } from './actions.js';
import { anyBits, int } from './policy.js';
import type { ArgumentCondition } from './policy.js';
import type { SyscallName } from './syscalls-x64.js';

/** Syscalls that the default profile denies, and why. */
export interface DenyRow {
  readonly names: readonly SyscallName[];
  /** Denied where all conditions of one of these lists hold. Without it: always. */
  readonly when?: readonly (readonly ArgumentCondition[])[];
  readonly errno: ErrnoName;
  readonly reason: string;
}

// CLONE_NEW* of linux/sched.h but CLONE_NEWTIME, whose bit is part of the exit signal in clone(2).
const newNamespaces = 0x7e02_0000;

// CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
const unshareWithoutNamespaces = 0x0005_0f00n;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;

const typeOfSocket = 0xf; // SOCK_TYPE_MASK: the rest of the argument are flags
const SOCK_DCCP = 6;
const SOCK_PACKET = 10;

const SOL_IP = 0;
const SOL_IPV6 = 41;

/**
 * What a room may not ask of the kernel. All else that the table of syscalls knows is allowed, what it does not know is
 * ENOSYS. EPERM says that a privilege is missing; ENOSYS where programs then do the same thing in an older way.
 */
export const defaultProfile: readonly DenyRow[] = [
  {
    names: [
      'mount',
      'umount2',
      'pivot_root',
      'fsopen',
      'fsconfig',
      'fsmount',
      'fspick',
      'open_tree',
      'open_tree_attr',
      'move_mount',
      'mount_setattr',
    ],
    errno: 'EPERM',
    reason:
      'The mounts of a room are what its spec says. Parsers of file systems are old, large attack surface (CVE-2022-0185).',
  },
  {
    names: ['chroot'],
    errno: 'EPERM',
    reason:
      'Moves the boundary that path lookups respect; with a directory held open it is the classic way out of a root.',
  },
  {
    names: ['clone'],
    when: [[int(0, 'NE', 0, newNamespaces)]],
    errno: 'EPERM',
    reason:
      'A namespace inside the room gives all capabilities there, and with them nf_tables, overlayfs and the like (CVE-2024-1086, CVE-2023-0386).',
  },
  {
    names: ['unshare'],
    when: [[anyBits(0, 0xffff_ffff_ffff_ffffn & ~unshareWithoutNamespaces)]],
    errno: 'EPERM',
    reason:
      'As clone: no new namespaces, those that later kernels invent included. Unsharing files, fs and semaphores is allowed.',
  },
  {
    names: ['clone3'],
    errno: 'ENOSYS',
    reason: 'Its flags lie in memory, where a filter cannot look. C libraries fall back to clone.',
  },
  {
    names: ['setns'],
    errno: 'EPERM',
    reason: 'Enters a namespace that some file descriptor names.',
  },
  {
    names: ['socket', 'socketpair'],
    when: [
      [int(0, 'NE', AF_UNIX), int(0, 'NE', AF_INET), int(0, 'NE', AF_INET6), int(0, 'NE', AF_NETLINK)],
      [int(0, 'EQ', AF_NETLINK), int(2, 'NE', NETLINK_ROUTE)],
      [int(1, 'EQ', SOCK_PACKET, typeOfSocket)],
    ],
    errno: 'EAFNOSUPPORT',
    reason:
      'Only Unix, IPv4, IPv6 and route netlink. AF_ALG writes into the page cache that rooms share (CVE-2026-31431), AF_VSOCK ' +
      'reaches the hypervisor, AF_PACKET and netfilter netlink were ways to root (CVE-2020-14386, CVE-2023-32233). ' +
      'SOCK_PACKET is the old name of AF_PACKET.',
  },
  {
    names: ['socket', 'socketpair'],
    when: [
      [int(1, 'EQ', SOCK_DCCP, typeOfSocket)],
      [int(2, 'EQ', 33)], // IPPROTO_DCCP
      [int(2, 'EQ', 115)], // IPPROTO_L2TP
      [int(2, 'EQ', 132)], // IPPROTO_SCTP
      [int(2, 'EQ', 136)], // IPPROTO_UDPLITE
      [int(2, 'EQ', 256)], // IPPROTO_SMC
    ],
    errno: 'EPROTONOSUPPORT',
    reason:
      'DCCP, L2TP, SCTP, UDP-Lite and SMC: merely asking for one makes the host load a module that little else uses.',
  },
  {
    names: ['setsockopt'],
    when: [
      // Two options each: replace the rules, add to the counters.
      [int(1, 'EQ', SOL_IP), int(2, 'EQ', 64, 0xfffffffe)],
      [int(1, 'EQ', SOL_IPV6), int(2, 'EQ', 64, 0xfffffffe)],
      [int(1, 'EQ', SOL_IP), int(2, 'EQ', 96, 0xfffffffe)],
      [int(1, 'EQ', SOL_IP), int(2, 'EQ', 128, 0xfffffffe)],
    ],
    errno: 'EPERM',
    reason: 'Rules of iptables, ip6tables, arptables and ebtables, even with NET_ADMIN (CVE-2021-22555).',
  },
  {
    names: ['ioctl'],
    when: [
      [int(1, 'EQ', 0x5412)], // TIOCSTI
      [int(1, 'EQ', 0x541c)], // TIOCLINUX
      [int(1, 'EQ', 0x5423)], // TIOCSETD
    ],
    errno: 'EPERM',
    reason:
      'TIOCSTI and TIOCLINUX put input into a terminal that others read (CVE-2017-5226, CVE-2023-28100); TIOCSETD loads line disciplines.',
  },
  {
    names: ['io_uring_setup', 'io_uring_enter', 'io_uring_register'],
    errno: 'ENOSYS',
    reason:
      'Does what other syscalls do (sockets included) where no filter sees it, and was the most exploited part of recent kernels.',
  },
  {
    names: ['bpf'],
    errno: 'EPERM',
    reason: 'Programs that run inside the kernel.',
  },
  {
    names: ['perf_event_open'],
    errno: 'EPERM',
    reason: 'Counters that tell about other rooms and the host; a long record of exploits.',
  },
  {
    names: ['userfaultfd'],
    errno: 'EPERM',
    reason:
      'Stops the kernel in the middle of a copy for as long as wanted: what most race exploits are built with.',
  },
  {
    names: ['fanotify_init'],
    errno: 'EPERM',
    reason: 'Watches a whole file system, which rooms of the same plank share.',
  },
  {
    names: ['keyctl', 'add_key', 'request_key'],
    errno: 'EPERM',
    reason:
      'Keyrings belong to a user id and not to a room: a channel between rooms, and request_key starts a program on the host.',
  },
  {
    names: ['open_by_handle_at', 'name_to_handle_at'],
    errno: 'EPERM',
    reason: 'Opens files by their number on the file system, past every directory above them.',
  },
  {
    names: ['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'kcmp', 'pidfd_getfd'],
    errno: 'EPERM',
    reason:
      'Reads and changes other processes, which within a room only debuggers do. Grant them to run one.',
  },
  {
    names: ['migrate_pages', 'move_pages'],
    errno: 'EPERM',
    reason:
      'Moves memory of other processes. Placing one’s own (mbind, set_mempolicy) stays allowed: numerical programs do, and the cpuset bounds it.',
  },
  {
    names: ['personality'],
    when: [[0, 0x0008, 0x20000, 0x20008, 0xffffffff].map((persona) => int(0, 'NE', persona))],
    errno: 'EPERM',
    reason:
      'Only the default, PER_LINUX32, UNAME26, both, and asking which it is: the others switch address randomisation and other mitigations off.',
  },
  {
    names: ['modify_ldt'],
    errno: 'ENOSYS',
    reason: 'Segments for 16-bit programs; no 64-bit program needs them, and kernels can be built without.',
  },
  {
    names: ['memfd_secret'],
    errno: 'ENOSYS',
    reason:
      'Takes pages out of the kernel’s own map, which makes the whole host slower. Switched off before Linux 6.5.',
  },
  {
    names: ['cachestat'],
    errno: 'ENOSYS',
    reason: 'Tells which pages of a file are in memory: what another room of the same plank has read.',
  },
  {
    names: ['lsm_set_self_attr'],
    errno: 'EPERM',
    reason: 'Changes the security label of the room; attributes to come unshare a namespace.',
  },
  {
    names: ['init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load', 'reboot'],
    errno: 'EPERM',
    reason: 'Loads kernel code, or another kernel.',
  },
  {
    names: ['settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex'],
    errno: 'EPERM',
    reason: 'The clock is the host’s.',
  },
  {
    names: ['sethostname', 'setdomainname'],
    errno: 'EPERM',
    reason: 'The name of a room is what its spec says.',
  },
  {
    names: ['swapon', 'swapoff', 'acct', 'quotactl', 'quotactl_fd', 'syslog', 'vhangup', 'iopl', 'ioperm'],
    errno: 'EPERM',
    reason: 'Administration of the host: swap, accounting, quotas, the kernel’s log, terminals, I/O ports.',
  },
  {
    names: [
      '_sysctl',
      'afs_syscall',
      'create_module',
      'epoll_ctl_old',
      'epoll_wait_old',
      'get_kernel_syms',
      'getpmsg',
      'lookup_dcookie',
      'nfsservctl',
      'putpmsg',
      'query_module',
      'security',
      'sysfs',
      'tuxcall',
      'uselib',
      'ustat',
      'vserver',
    ],
    errno: 'ENOSYS',
    reason: 'Gone from current kernels, or kept for programs of the 1990s.',
  },
];
