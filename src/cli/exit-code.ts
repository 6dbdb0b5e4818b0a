import { constants } from 'node:os';
import type { Outcome } from '../index.js';

/** Exit codes that are not the program's own; docs/cli.md has the table. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  /** As timeout(1) has it. */
  timedOut: 124,
  /** As docker-run(1), chroot(1) and env(1) have it: nothing was run. */
  noRoom: 125,
  /** 128 + SIGKILL: what a shell says of a process that the kernel killed for want of memory. */
  outOfMemory: 137,
} as const;

/** The exit code of `anchor run`. Pure. */
export function exitCodeOf(outcome: Outcome): number {
  switch (outcome.reason) {
    case 'timed-out':
      return exitCodes.timedOut;
    case 'out-of-memory':
      return exitCodes.outOfMemory;
    case 'exited':
    case 'signaled':
    case 'too-many-processes':
      if (outcome.exitCode !== null) return outcome.exitCode;
      return outcome.signal === null ? exitCodes.noRoom : exitCodeOfSignal(outcome.signal);
    case 'destroyed':
    case 'aborted':
    case 'owner-closed':
    case 'init-died':
      return exitCodes.noRoom;
  }
}

/** 128 + n, as shells have it. Real-time signals are called `SIG34` and so on. */
export function exitCodeOfSignal(name: string): number {
  const known = (constants.signals as Readonly<Record<string, number>>)[name];
  const number = known ?? Number(name.slice('SIG'.length));
  return Number.isInteger(number) ? 128 + number : exitCodes.noRoom;
}
