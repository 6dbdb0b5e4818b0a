import type { NativeRusage } from '../../types/event.js';
import { parseUsage, type CgroupTexts, type CgroupUsage } from '../host/usage.js';
import type { CheckedLimits } from '../spec/checked.js';
import type { DropzoneOutcome } from './dropzones.js';
import type { NixOutcome } from './nix.js';
import type { ServiceOutcome } from './service.js';
import { signalName } from './signals.js';
import type { Timings } from './timings.js';
import { usageOf, type Usage } from './usage.js';

/** Why a room, or a process in it, came to its end. docs/outcomes.md has the rules. */
export type OutcomeReason =
  /** The command returned: `exitCode` says with what. */
  | 'exited'
  /** A signal killed the command: `signal` says which. */
  | 'signaled'
  /** `lifetime` was over. */
  | 'timed-out'
  /** The kernel killed it for want of memory. `limits` says whether the room's own limit was the reason. */
  | 'out-of-memory'
  /** The command failed after `limits.processes` had refused it a process. */
  | 'too-many-processes'
  /** `room.destroy()`, or the end of an `await using` block. */
  | 'destroyed'
  /** The AbortSignal of the room, or of the process. */
  | 'aborted'
  /** A service that is `essential` ended. */
  | 'service-ended'
  /** `anchor.close()`. */
  | 'owner-closed'
  /** room-init, PID 1 of the room, was killed from outside, or what it said last could not be read for want of memory. */
  | 'init-died';

/** How something ended: a value, never an exception. */
export interface Outcome {
  readonly reason: OutcomeReason;
  /** 0 to 255 when the command returned, else null. */
  readonly exitCode: number | null;
  /** `SIGSEGV`, …: what killed the command, when it was a signal that nobody on this side sent. Else null. */
  readonly signal: string | null;
  readonly usage: Usage;
  /** The limits that were reached, whether or not they were what ended it. */
  readonly limits: readonly LimitHit[];
  readonly timings: Timings;
  /** What became of what was left in the mounts of the vault that could be written to, in the order of the mounts. Of the room alone. */
  readonly dropzones: readonly DropzoneOutcome[];
  /** What became of what Nix built, with `nix` in the spec; else, and where nothing is kept, null. Of the room alone. */
  readonly nix: NixOutcome | null;
  /** How its services ended, and what they said last. Of the room alone. */
  readonly services: readonly ServiceOutcome[];
}

/** A limit of the spec that was reached. */
export interface LimitHit {
  readonly limit: 'memory' | 'processes' | 'cpus' | 'disk' | 'files' | 'lifetime';
  /** How often (for `cpus`: microseconds of waiting), or null when nobody counts. */
  readonly count: number | null;
  /** `above`: not the room's own limit, but that of a parent cgroup or the memory of the machine. */
  readonly where: 'room' | 'above';
}

/** Why a room was ended from this side. */
export type EndIntent = Extract<OutcomeReason, 'destroyed' | 'aborted' | 'service-ended'>;

/** What is known about the end of a room. */
export interface EndFacts {
  /** How the command ended, when room-init could still report it. */
  readonly exit: { readonly code: number | null; readonly signal: number | null } | null;
  /** Why native code killed the room, if it did. */
  readonly killed: 'deadline' | 'request' | 'close' | null;
  /** Why we asked for that, if we did. */
  readonly intent: EndIntent | null;
  /** The limits of the room as they were at its end. */
  readonly limits: CheckedLimits;
  /** Files of the cgroup at the end. */
  readonly report: CgroupTexts;
  /** Of the command and what it waited for. */
  readonly rusage: NativeRusage | null;
  /** Of all that ran in the room, room-init included: its memory counts as this process's until it executes. */
  readonly total: NativeRusage | null;
  readonly upper: { readonly bytes: number; readonly inodes: number } | null;
  /** Microseconds. */
  readonly wall: number;
  readonly timings: Timings;
}

/** Decides how a room ended. Pure. */
export function outcomeOf(facts: EndFacts): Outcome {
  const usage = parseUsage(facts.report);
  const reason = reasonOf(facts, usage);
  const ours = reason === 'exited' || reason === 'signaled' || facts.killed === null;
  return Object.freeze({
    reason,
    exitCode: facts.exit?.code ?? null,
    signal: ours && typeof facts.exit?.signal === 'number' ? signalName(facts.exit.signal) : null,
    usage: usageOf(usage, facts),
    limits: Object.freeze(limitsHit(facts, usage, reason)),
    timings: facts.timings,
    dropzones: noDropzones,
    nix: null,
    services: noServices,
  });
}

function reasonOf({ exit, killed, intent, limits }: EndFacts, usage: CgroupUsage): OutcomeReason {
  // The command came to its own end before anything else could happen to it.
  const ownEnd = exit !== null && exit.signal !== SIGKILL;
  const oom = (usage.oomKills ?? 0) > 0;
  if (exit?.code === 0) return 'exited';
  // With memory.oom.group (set together with memory.max) the kernel takes the whole room: no kill of ours came first.
  if (oom && (killed === null || limits.memory !== null)) return 'out-of-memory';
  if (killed !== null && !ownEnd) return killedReason(killed, intent);
  if (exit === null) return 'init-died';
  if ((usage.processRefusals ?? 0) > 0) return 'too-many-processes';
  return exit.signal === null ? 'exited' : 'signaled';
}

const noDropzones: readonly DropzoneOutcome[] = Object.freeze([]);
const noServices: readonly ServiceOutcome[] = Object.freeze([]);

const SIGKILL = 9;

function killedReason(killed: 'deadline' | 'request' | 'close', intent: EndIntent | null): OutcomeReason {
  switch (killed) {
    case 'deadline':
      return 'timed-out';
    case 'close':
      return 'owner-closed';
    case 'request':
      return intent ?? 'destroyed';
  }
}

function limitsHit(facts: EndFacts, usage: CgroupUsage, reason: OutcomeReason): LimitHit[] {
  const { limits, upper } = facts;
  const hits: LimitHit[] = [];
  const hit = (limit: LimitHit['limit'], count: number | null, where: LimitHit['where'] = 'room'): void => {
    hits.push(Object.freeze({ limit, count, where }));
  };
  if ((usage.oomKills ?? 0) > 0)
    hit('memory', usage.oomKills, (usage.outOfMemory ?? 0) > 0 ? 'room' : 'above');
  if ((usage.processRefusals ?? 0) > 0) hit('processes', usage.processRefusals);
  if (limits.cpus !== null && (usage.throttled ?? 0) > 0) hit('cpus', usage.throttled);
  // A tmpfs counts whole pages, so one that is full may have less than a page left.
  if (upper !== null && upper.bytes > limits.disk - PAGE) hit('disk', null);
  if (upper !== null && upper.inodes >= limits.files) hit('files', null);
  if (reason === 'timed-out') hit('lifetime', 1);
  return hits;
}

const PAGE = 4096;

/** How one more process of a room ended; null facts mean that it went down with the room. */
export function processOutcomeOf(facts: {
  readonly exit: { readonly code: number | null; readonly signal: number | null } | null;
  readonly aborted: boolean;
  /** How the room ended, when that is what ended the process. */
  readonly room: Outcome | null;
  readonly rusage: NativeRusage | null;
  readonly wall: number;
  readonly timings: Timings;
}): Outcome {
  const { exit, aborted, room } = facts;
  const usage = usageOf(null, { rusage: facts.rusage, total: null, upper: null, wall: facts.wall });
  const rest = {
    usage,
    limits: room?.limits ?? Object.freeze([]),
    timings: facts.timings,
    dropzones: noDropzones,
    nix: null,
    services: noServices,
  };
  if (exit === null) {
    // When the command of the room returns, room-init goes and takes everybody along.
    const reason =
      room === null || room.reason === 'exited' || room.reason === 'signaled' ? 'signaled' : room.reason;
    return Object.freeze({
      reason,
      exitCode: null,
      signal: reason === 'signaled' ? 'SIGKILL' : null,
      ...rest,
    });
  }
  if (aborted && exit.signal === SIGKILL) {
    return Object.freeze({ reason: 'aborted', exitCode: null, signal: null, ...rest });
  }
  return Object.freeze({
    reason: exit.signal === null ? 'exited' : 'signaled',
    exitCode: exit.code,
    signal: exit.signal === null ? null : signalName(exit.signal),
    ...rest,
  });
}
