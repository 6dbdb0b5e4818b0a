/** What native code sends back. Facts only; words and decisions are made in TypeScript. */

/** A failed step. `step` and `syscall` are identifiers, `errno` is positive as in errno(3). */
export interface NativeFault {
  readonly step: string;
  readonly syscall: string;
  readonly errno: number;
  /** What the step worked on: a host path, a target in the room, a cgroup file; '' when nothing. */
  readonly path: string;
  /** The kernel's own words where it gives some (fsconfig log), or ''. */
  readonly detail: string;
}

/** Microseconds since the call, by CLOCK_MONOTONIC; see docs/performance.md for what each phase holds. */
export type NativeMarks = Readonly<Record<string, number>>;

/** struct rusage of a process and its waited-for children. Times in microseconds, maxRss in bytes. */
export interface NativeRusage {
  readonly userTime: number;
  readonly systemTime: number;
  readonly maxRss: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

export type NativeEvent =
  /** The room exists and its command is on its way. fds are -1 where there is none; with a pty only stdin is set: the master. */
  | {
      readonly type: 'launched';
      readonly room: number;
      readonly pid: number;
      readonly stdin: number;
      readonly stdout: number;
      readonly stderr: number;
      readonly marks: NativeMarks;
    }
  /** The room was launched without a command, is put together, and waits for run(). */
  | { readonly type: 'waiting'; readonly room: number; readonly marks: NativeMarks }
  /** The room could not be made; nothing of it is left. */
  | { readonly type: 'launch-failed'; readonly room: number; readonly fault: NativeFault }
  /** A process in the room passed execve. Process 0 is the command, and only it has marks: those of the launch. */
  | { readonly type: 'started'; readonly room: number; readonly process: number; readonly marks: NativeMarks }
  /** A process could not be started; process 0 of a room that waits: it could not be put together. The room then ends by itself. */
  | {
      readonly type: 'start-failed';
      readonly room: number;
      readonly process: number;
      readonly fault: NativeFault;
    }
  /** A process ended: exit code, or the signal that killed it. */
  | {
      readonly type: 'exited';
      readonly room: number;
      readonly process: number;
      readonly code: number | null;
      readonly signal: number | null;
      readonly rusage: NativeRusage;
    }
  /** A file of CgroupPlan.watch changed. */
  | { readonly type: 'changed'; readonly room: number; readonly file: string; readonly text: string }
  /** Every process of the room is gone. */
  | {
      readonly type: 'ended';
      readonly room: number;
      /** Why native code killed it, if it did. */
      readonly killed: 'deadline' | 'request' | 'close' | null;
      /** How room-init itself ended: a signal that nobody here sent means the kernel killed it. */
      readonly initSignal: number | null;
      readonly rusage: NativeRusage | null;
      /** CgroupPlan.report, file → text; a file that does not exist on this kernel is absent. */
      readonly report: Readonly<Record<string, string>>;
      /** Bytes and inodes used in the writable layer at the end, or null when unknown. */
      readonly upper: { readonly bytes: number; readonly inodes: number } | null;
      /** Microseconds from the call of launch() or run() to the end. */
      readonly wall: number;
    }
  /** Cgroup and mounts are gone too: nothing of the room is left. fault: what could not be removed. */
  | { readonly type: 'removed'; readonly room: number; readonly fault: NativeFault | null };
