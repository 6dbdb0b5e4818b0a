import type { AnchorPlan, BlankPlan, LowerPlan, PlanText, ProcessPlan } from './plan.js';
import type { NativeEvent, NativeFault } from './event.js';

/** JSON.stringify() of a T. Read by native code at once, as a whole: property by property costs twenty times as much. */
export type Json<T> = string & { readonly __of?: T };

/** What the .node file exports. A method that fails throws an Error with a `fault` property. */
export interface Addon {
  readonly planVersion: 1;
  readonly Anchor: new (plan: Json<AnchorPlan>, onEvent: (event: NativeEvent) => void) => NativeAnchor;
  /** Reads a plan as launch() does and additionally refuses unknown fields; throws TypeError naming the field. */
  checkPlan(plan: Json<PlanText>, seccomp: Uint8Array | null): void;
  /** What stat(2) says of a file that changes whenever it is replaced or written; null where it says nothing. Follows links. */
  fileVersion(path: string): string | null;
  /** Holds an abstract unix socket name for this process; null when somebody else has it. Give back with release(). */
  claimName(name: string): number | null;
  releaseName(claim: number): void;
  /** Whether a PID namespace has a kernel.pid_max of its own. Tried in a throw-away child; under a millisecond. */
  hasPidMax(): boolean;
  /** Tries what the kernel can do, each in a throw-away child: probe name → errno, 0 when it works. */
  probeKernel(): Promise<Readonly<Record<string, number>>>;
  /** A copy, a hash, or both, that runs on a thread of its own. Throws TypeError for a malformed order. */
  readonly Transfer: new (order: Json<TransferOrder>) => NativeTransfer;
  /**
   * Everything below a directory, sorted by the bytes of its path; no link and no other mount is entered. Fails with tree.size where
   * there are more than `most` entries.
   */
  listTree(root: string, most: number): Promise<readonly TreeEntry[]>;
  /** Fails with copy.writers if somebody has one of these files below the root open for writing, or mapped so. */
  requireNoWriters(root: string, paths: readonly string[]): Promise<number>;
  /**
   * Takes an open file description lock on a whole file, which is made if `create` says so, and writes `note` into it unless that is
   * empty. Resolves to a number for unlockFile(), or to null when somebody else has it. Gone with the process, however it ends.
   */
  lockFile(path: string, create: boolean, note: string): Promise<number | null>;
  unlockFile(lock: number): void;
  /**
   * Mounts the file system of a block device, nosuid, nodev and noexec, in no mount namespace: only this process gets to it, by
   * `/proc/self/fd/<number>`, and it is unmounted with the process, however that ends. `options` are words for fsconfig(2), `key` or
   * `key=value`; `ro` makes the mount read-only as well. Resolves to a number for unmountDrive(). Linux 5.2.
   */
  mountDrive(device: string, type: string, options: readonly string[]): Promise<number>;
  /** Brings all of it to the device and unmounts it, once nothing of it is open any more. Unmounts it as well when it rejects. */
  unmountDrive(mount: number): Promise<void>;
  /**
   * Reserves all of an ext4 image of so many bytes on its disk and mounts it where nobody sees it; `uid` and `gid` own its root.
   * Resolves to a descriptor of the mount, which is gone when that and all mounts in rooms are.
   */
  makeDropzone(image: number, bytes: number, uid: number, gid: number): Promise<number>;
  /** Nobody writes to it any more. Fails with EBUSY where somebody has a file of it open for writing. */
  sealDropzone(dropzone: number): Promise<number>;
  closeDropzone(dropzone: number): Promise<number>;
}

/** What a transfer does with each of its files. */
export interface TransferOrder {
  /** Absolute path of a directory: nothing outside of it is read. */
  readonly root: string;
  readonly files: readonly TransferFile[];
  readonly sha256: boolean;
  readonly blake3: boolean;
  /** Holes of the source stay holes. */
  readonly sparse: boolean;
  /** Read what is on the device and not in the page cache: O_DIRECT, or where the file system has none, after its clean pages were dropped. */
  readonly pastCache: boolean;
  /**
   * Targets of more than 64 MiB without holes are read back from the device while they are written, each byte after an fdatasync that
   * covered it, and compared; `readBack` has the result. Others are for the caller to read back.
   */
  readonly readBack: boolean;
  /**
   * Of whole files of more than 4 MiB the target shares the blocks of the source where the file system can do that; holes stay holes then. All of it is read
   * from the device after an fdatasync, and compared with what the page cache has of the source; `readBack` has that result.
   */
  readonly share: boolean;
}

export interface TransferFile {
  /** Below the root, without symbolic links. */
  readonly source: string;
  /** Absolute path of a file that is made; empty: it is only read. */
  readonly target: string;
  /** `version` of a TreeEntry or of an earlier result: what was changed since fails with copy.changed. Empty: any. */
  readonly expected: string;
  /** Permission bits of the target. */
  readonly mode: number;
  /**
   * The part of the source that is read; a length of null goes to its end. What is not there fails with copy.changed. With `pastCache` an
   * offset in whole blocks of 4096 bytes.
   */
  readonly offset: number;
  readonly length: number | null;
  /**
   * It follows on the file before it in the list: `whole` is a digest of both, and if the target is the same, it is put behind it. Mode
   * and `readBack` are those of the last.
   */
  readonly continues: boolean;
}

export interface NativeTransfer {
  /** Once. Rejects with the first fault; what was made by then stays. Keeps Node alive. */
  run(): Promise<readonly TransferredFile[]>;
  /** Bytes that are on the disk (read, where nothing is written), bytes of targets that were read back, and files that are done. */
  progress(): { readonly bytes: number; readonly verified: number; readonly file: number };
  /** run() then rejects with copy.cancelled. */
  cancel(): void;
}

export interface TransferredFile {
  readonly size: number;
  /** 64 hex digits; empty where not asked for. */
  readonly sha256: string;
  readonly blake3: string;
  /** SHA-256 of this and all that it continues, where it is the last of several; else empty. */
  readonly whole: string;
  /** Whether the device gave back what was written; empty where that was not asked. */
  readonly readBack: '' | 'same' | 'other';
  /** Whether the target has the blocks of the source. */
  readonly shared: boolean;
  /** Of the source, as in TreeEntry. */
  readonly version: string;
  /** Whether it was read with O_DIRECT. */
  readonly direct: boolean;
}

export interface TreeEntry {
  /** Bytes of the path from the root: not always UTF-8. */
  readonly path: Uint8Array;
  /** `mount`: another file system. */
  readonly kind: 'file' | 'directory' | 'mount' | 'link' | 'fifo' | 'socket' | 'block' | 'character';
  readonly size: number;
  /** Bytes that it takes on its disk: less than its size where it has holes. */
  readonly allocated: number;
  readonly links: number;
  readonly executable: boolean;
  /** Of a file: device, inode, size, mtime and ctime. */
  readonly version: string;
}

export interface NativeAnchor {
  /** Returns the number of the room; all that follows comes as events. Throws TypeError for a malformed plan. */
  launch(plan: Json<PlanText>, seccomp: Uint8Array | null): number;
  /**
   * Gives the command to a room that waits, milliseconds from its start until the room is killed (null: never) with it;
   * then `started` and all that follows come as events. Fails with room.ended when it waits no longer.
   */
  run(room: number, process: Json<ProcessPlan>, lifetime: number | null): NativeExec;
  /** Starts one more process in a living room; answers with its number, then `started` and `exited` events. */
  exec(room: number, process: Json<ProcessPlan>): NativeExec;
  /** Delivers events that are there and would come in a later turn of the event loop. */
  look(room: number): void;
  /** Sends a signal to a process of the room, by way of room-init. */
  signal(room: number, process: number, signal: number): void;
  /** Kills everything in the room. Idempotent; unknown rooms are ignored. */
  kill(room: number): void;
  /** Milliseconds from now until the room is killed, null: never. */
  setDeadline(room: number, milliseconds: number | null): void;
  /** Resolves when cgroup.events says so. */
  freeze(room: number, frozen: boolean): Promise<void>;
  /** openat2(2) below the room's root: RESOLVE_IN_ROOT, no magic links, O_CLOEXEC|O_NONBLOCK|O_NOCTTY. Resolves to an fd. */
  openBelow(room: number, path: string, flags: number, mode: number): Promise<number>;
  /** Takes over an fd of a `launched` event or of exec(). Those that nobody took are closed with the environment. */
  own(fd: number): void;
  /** Closes such an fd. */
  discard(fd: number): void;
  /** TIOCSWINSZ on a pty master. */
  resize(master: number, columns: number, rows: number): void;
  /** Makes a blank room ahead, for the launch of a plan with its id; on a thread of low priority. Does not keep Node alive. */
  prepare(blank: Json<BlankPlan>): Promise<void>;
  /** Mounts a plank ahead of its first room (and keeps it until releasePlanks()). idmap: whether its file system takes an idmapped mount. */
  openPlank(lower: Json<LowerPlan>): Promise<{ readonly idmap: boolean }>;
  /** Whether the file system below an absolute host path takes an idmapped mount. */
  probeIdmap(path: string): Promise<boolean>;
  /** Text of a regular file of a plank that need not be in use; null when there is none. At most `limit` bytes. */
  readPlankFile(lower: Json<LowerPlan>, path: string, limit: number): Promise<Uint8Array | null>;
  /**
   * Lets go of planks that nobody has used for so many milliseconds; whoever uses one later mounts it again. Resolves to the
   * milliseconds until the next one is due, or null when none is mounted. Does not keep Node alive.
   */
  releasePlanks(idle: number): Promise<number | null>;
  /** Whether the event loop stays alive for this Anchor. */
  ref(): void;
  unref(): void;
  /** Ends every room, stops the threads, removes the cgroup subtree. Resolves when nothing is left. */
  close(): Promise<void>;
}

/** A process that was asked for, 0 for the command. The program's ends of its streams, -1 where there is none; with a pty only stdin is set: the master. */
export interface NativeExec {
  readonly process: number;
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

export interface FaultError extends Error {
  readonly fault: NativeFault;
}
