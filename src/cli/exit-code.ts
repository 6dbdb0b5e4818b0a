import { constants } from 'node:os';
import type { ErrorCode, Outcome } from '../index.js';

/** Exit codes that are not the program's own; docs/cli.md has the table. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Of `anchor vault` and `anchor courier`, beside 1. */
  refused: 3,
  noSpace: 4,
  damaged: 5,
  gone: 6,
  inUse: 7,
  uncertain: 8,
  /** Of `anchor replay`: not what the receipt says. */
  differs: 9,
  /** As timeout(1) has it. */
  timedOut: 124,
  /** As docker-run(1), chroot(1) and env(1) have it: nothing was run. */
  noRoom: 125,
  /** 128 + SIGKILL: what a shell says of a process that the kernel killed for want of memory. */
  outOfMemory: 137,
} as const;

/** What is wrong with a capsule. */
const capsuleFaults = [
  'TAG_FILE',
  'PATH',
  'NAME',
  'DUPLICATE',
  'MISSING',
  'EXTRA',
  'KIND',
  'DIGEST',
  'OXUM',
  'CONTENT',
] as const;

const vaultCodes: Readonly<Partial<Record<ErrorCode, number>>> = {
  ERR_VAULT_NO_SPACE: exitCodes.noSpace,
  ERR_VAULT_DAMAGED: exitCodes.damaged,
  ERR_VAULT_DIGEST: exitCodes.damaged,
  ERR_VAULT_SOURCE_CHANGED: exitCodes.damaged,
  ERR_VAULT_LOG: exitCodes.damaged,
  ERR_VAULT_NOT_MOUNTED: exitCodes.gone,
  ERR_VAULT_OTHER: exitCodes.gone,
  ERR_VAULT_BUSY: exitCodes.inUse,
  ERR_VAULT_IN_USE: exitCodes.inUse,
  ERR_VAULT_UNCERTAIN: exitCodes.uncertain,
  ...Object.fromEntries(
    capsuleFaults.map((fault) => [`ERR_COURIER_${fault}` satisfies ErrorCode, exitCodes.damaged]),
  ),
  ERR_COURIER_SIGNATURE: exitCodes.damaged,
  ERR_COURIER_UNTRUSTED: exitCodes.refused,
  ERR_COURIER_RIGHTS: exitCodes.refused,
  ERR_COURIER_REFUSED: exitCodes.refused,
  ERR_COURIER_GONE: exitCodes.gone,
  ERR_COURIER_BUSY: exitCodes.inUse,
};

/** The exit code of what went wrong with a vault or a capsule; null: none of its own. Pure. */
export function exitCodeOfVault(code: string): number | null {
  return vaultCodes[code as ErrorCode] ?? null;
}

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
    case 'service-ended':
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
