import type { NativeRusage } from '../../types/event.js';
import type { CgroupUsage, IoUsage } from '../host/usage.js';

export type { CgroupUsage, IoUsage };

/** What a room or a process consumed by its end. null: nobody counted it, most often because the room has no cgroup. */
export interface Usage {
  /** CPU time in user mode, microseconds. */
  readonly cpuUser: number | null;
  /** CPU time in the kernel, microseconds. */
  readonly cpuSystem: number | null;
  /** From the start of the launch to the end, microseconds. */
  readonly wall: number;
  /** memory.peak, bytes: all memory of the room, files in its writable layer included. Linux 5.19. */
  readonly memoryPeak: number | null;
  /** memory.swap.peak, bytes. Linux 6.5. */
  readonly swapPeak: number | null;
  /** pids.peak: processes and threads at one time. Linux 6.1. */
  readonly processesPeak: number | null;
  /** io.stat over all block devices. */
  readonly io: IoUsage | null;
  /** Bytes in the writable layer, counted when the room ended. */
  readonly diskPeak: number | null;
  /** Resident memory of the largest single process that the command was or waited for, bytes: ru_maxrss of getrusage(2). */
  readonly maxRss: number | null;
  /** Time that runnable processes had to wait because `limits.cpus` was used up, microseconds. */
  readonly throttled: number | null;
}

/** Puts together what the cgroup and the kernel's process accounting counted; the cgroup knows more and goes first. */
export function usageOf(
  cgroup: CgroupUsage | null,
  facts: {
    readonly rusage: NativeRusage | null;
    readonly total: NativeRusage | null;
    readonly upper: { readonly bytes: number } | null;
    readonly wall: number;
  },
): Usage {
  const times = facts.total ?? facts.rusage;
  return Object.freeze({
    cpuUser: cgroup?.cpuUser ?? times?.userTime ?? null,
    cpuSystem: cgroup?.cpuSystem ?? times?.systemTime ?? null,
    wall: facts.wall,
    memoryPeak: cgroup?.memoryPeak ?? null,
    swapPeak: cgroup?.swapPeak ?? null,
    processesPeak: cgroup?.processesPeak ?? null,
    io: cgroup?.io ?? null,
    diskPeak: facts.upper?.bytes ?? null,
    maxRss: facts.rusage?.maxRss ?? null,
    throttled: cgroup?.throttled ?? null,
  });
}
