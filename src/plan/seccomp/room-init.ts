import { RoomError } from '../../errors.js';
import { letsThrough } from './actions.js';
import { runFilter } from './run.js';
import { syscallNumbers } from './syscalls-x64.js';
import type { SyscallName } from './syscalls-x64.js';

/** A call that room-init makes; arguments only where a filter may well decide by them. */
export interface NeededCall {
  readonly name: SyscallName;
  readonly arguments?: readonly bigint[];
}

const CLONE_VM = 0x100n;
const CLONE_VFORK = 0x4000n;
const SIGCHLD = 17n;

/** ioctl_tty(2): how the command gets its terminal, and room-init lets go of it. */
const terminalCalls = { TIOCSCTTY: 0x540en, TIOCNOTTY: 0x5422n };

const prctlOptions = {
  PR_SET_DUMPABLE: 4n,
  PR_CAPBSET_DROP: 24n,
  PR_SET_SECUREBITS: 28n,
  PR_CAP_AMBIENT: 47n,
};

/** From the moment the filter is in force: room-init's own work, and starting a command. */
export const roomInitCalls: readonly NeededCall[] = [
  ...names('close_range', 'exit_group'),
  ...names(
    'recvmsg',
    'sendto',
    'poll',
    'restart_syscall',
    'read',
    'close',
    'kill',
    'wait4',
    'clock_gettime',
    'pipe2',
  ),
  ...names('rt_sigprocmask', 'mmap', 'munmap'),
  { name: 'clone', arguments: [CLONE_VM | CLONE_VFORK | SIGCHLD] },
  { name: 'clone', arguments: [CLONE_VM | SIGCHLD] },
  ...names('setsid', 'chdir', 'fcntl', 'dup3', 'umask', 'prlimit64'),
  ...Object.values(terminalCalls).map((request) => ({ name: 'ioctl' as const, arguments: [0n, request] })),
  ...names('setgroups', 'setresgid', 'setresuid', 'capset', 'execve'),
  ...Object.values(prctlOptions).map((option) => ({ name: 'prctl' as const, arguments: [option] })),
];

function names(...list: readonly SyscallName[]): readonly NeededCall[] {
  return list.map((name) => ({ name }));
}

/**
 * Refuses a filter under which room-init could not run or start a command: the room would end without a word about why.
 * What the command itself needs is its own affair.
 */
export function assertRoomInitAllowed(program: Uint8Array): void {
  const missing = roomInitCalls.filter((call) => !isAllowed(program, call)).map(({ name }) => name);
  if (missing.length === 0) return;
  throw new RoomError(
    'ERR_ROOM_SECCOMP_PROFILE',
    `The profile would stop room-init, the first process of every room. It has to allow ${[...new Set(missing)].join(', ')}.`,
    {
      hint: 'room-init and the command are under the same filter; docs/seccomp.md says what room-init calls.',
    },
  );
}

function isAllowed(program: Uint8Array, { name, arguments: given = [] }: NeededCall): boolean {
  return letsThrough(runFilter(program, { number: syscallNumbers[name], arguments: given }));
}
