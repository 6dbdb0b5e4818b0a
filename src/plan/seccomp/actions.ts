// What a filter returns to the kernel: the action in the upper half, its data in the lower (linux/seccomp.h).

export const KILL_PROCESS = 0x80000000;
export const KILL_THREAD = 0x00000000;
export const TRAP = 0x00030000;
const ERRNO = 0x00050000;
export const LOG = 0x7ffc0000;
export const ALLOW = 0x7fff0000;

/** The kernel caps what a filter returns at this (MAX_ERRNO). */
export const largestErrno = 4095;

/** The errors the default profile answers with. Numbers of Linux, wherever this code runs. */
export const errnoNumbers = { EPERM: 1, ENOSYS: 38, EPROTONOSUPPORT: 93, EAFNOSUPPORT: 97 } as const;

export type ErrnoName = keyof typeof errnoNumbers;

/** The call fails with this error and has no effect. 0: it succeeds, and has no effect either. */
export function failWith(errno: number): number {
  return ERRNO | errno;
}

/** No such syscall: what the kernel itself says, so programs fall back to what they did before it existed. */
export const NO_SUCH_SYSCALL = failWith(errnoNumbers.ENOSYS);

/** Does the kernel carry out the call? */
export function letsThrough(action: number): boolean {
  return action === ALLOW || action === LOG;
}

/** For people: `allow`, `errno 38`, `kill process`… */
export function describeAction(action: number): string {
  switch (action) {
    case KILL_PROCESS:
      return 'kill process';
    case KILL_THREAD:
      return 'kill thread';
    case TRAP:
      return 'trap';
    case LOG:
      return 'log';
    case ALLOW:
      return 'allow';
    default:
      return (action & 0x7fff0000) === ERRNO ? `errno ${action & 0xffff}` : `0x${action.toString(16)}`;
  }
}
