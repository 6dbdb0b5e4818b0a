/**
 * The wire contract between TypeScript and native code: everything that is a choice, already made.
 * Native code has no defaults; every field is required and an unknown field is refused.
 */

/** What can be made of a room before anybody asked for one: the same for all rooms but for its name and ids. */
export interface BlankPlan {
  readonly planVersion: 1;
  /** Names the cgroup leaf and appears in events. `[a-z0-9-]`, at most 48 characters. */
  readonly id: string;
  readonly identity: IdentityPlan;
  readonly network: { readonly kind: 'loopback' };
  /** kernel.pid_max of its PID namespace; null: as the kernel has it. */
  readonly pidMax: number | null;
  /** null: the room runs in the cgroup of the embedding process (no cgroup v2 on this host). */
  readonly cgroup: Pick<CgroupPlan, 'parent' | 'leaf'> | null;
  /** What the kernel provides, at or below /dev, /proc and /sys; in this order. */
  readonly kernelMounts: readonly MountPlan[];
  /** Size and inode limit of the writable layer; it is resized for a room that has others. */
  readonly upperBytes: number;
  readonly upperInodes: number;
}

/** One room, ready to be executed. */
export interface Plan extends Omit<BlankPlan, 'cgroup' | 'upperBytes' | 'upperInodes'> {
  /** A blank room of this id was prepared. Should it be gone, one is made from this plan. */
  readonly prepared: boolean;
  readonly hostname: string;
  readonly root: RootPlan;
  /** What the spec declares, outside of the kernel's trees; executed in this order, before the root is entered. */
  readonly mounts: readonly MountPlan[];
  readonly cgroup: CgroupPlan | null;
  readonly rlimits: readonly RlimitPlan[];
  /** A classic BPF program (array of struct sock_filter); covers room-init and all it starts. null: no filter. */
  readonly seccomp: Uint8Array | null;
  /** All that a process of the room can have. Bit n is capability n (capabilities(7)); below 2^41. */
  readonly capabilities: number;
  /** null: the room is put together and waits until run() says what for. */
  readonly process: ProcessPlan | null;
  /** Of a room that waits: its process is made ahead as well. Not where the command will have a terminal, which room-init leads. */
  readonly forksAhead: boolean;
  /** Milliseconds from start until the room is killed. null: no deadline, and for a room that waits. */
  readonly lifetime: number | null;
}

/** What crosses as text: all but the filter, which goes beside it. */
export type PlanText = Omit<Plan, 'seccomp'>;

/** What the root is made of: a read-only lower layer and a tmpfs above it. */
export interface RootPlan {
  readonly lower: LowerPlan;
  /** A directory of the host between it and the writable layer, read-only. Its target says nothing. */
  readonly layer: BindPlan | null;
  /** Size limit of the writable layer in bytes. */
  readonly upperBytes: number;
  /** Inode limit of the writable layer. */
  readonly upperInodes: number;
  /** The writable layer is used while the room is put together, then sealed. */
  readonly readOnly: boolean;
  /** Give the lower layer the ids of the room by an idmapped mount. False where the file system cannot. */
  readonly idmap: boolean;
}

export type LowerPlan =
  | {
      readonly kind: 'image';
      readonly path: string;
      readonly format: 'squashfs' | 'erofs';
      /** `loop`: through a loop device. `file`: the kernel mounts the file itself (erofs, Linux 6.12). */
      readonly attach: 'loop' | 'file';
    }
  | {
      /** A tree made from these entries, kept per Anchor under `key`. */
      readonly kind: 'skeleton';
      readonly key: string;
      readonly entries: readonly SkeletonEntry[];
    };

/** Parents come before children; paths are relative to the root. */
export type SkeletonEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: string };

/** Bits of mount_setattr(2): MOUNT_ATTR_RDONLY 1, NOSUID 2, NODEV 4, NOEXEC 8. */
export type MountAttributes = number;

export type MountPlan =
  | BindPlan
  | {
      readonly kind: 'tmpfs';
      readonly target: string;
      readonly bytes: number;
      readonly mode: number;
      readonly attributes: MountAttributes;
    }
  /** A file system of its own that makeDropzone() made: a descriptor of this process; -1 in a plan that nobody executes. */
  | {
      readonly kind: 'dropzone';
      readonly fd: number;
      readonly target: string;
      readonly attributes: MountAttributes;
    }
  /** A read-only tree with the device nodes every program expects; each room has one of its own. */
  | { readonly kind: 'dev'; readonly target: string }
  | { readonly kind: 'devpts'; readonly target: string; readonly gid: number }
  | {
      /** `cgroup`: the hierarchy of cgroup v2 from the room's own cgroup down. */
      readonly kind: 'proc' | 'sysfs' | 'mqueue' | 'cgroup';
      readonly target: string;
      readonly attributes: MountAttributes;
    }
  /** An empty read-only directory or file laid over the target, where the target exists. */
  | { readonly kind: 'mask'; readonly target: string; readonly over: 'directory' | 'file' }
  /** The target itself made read-only, where it exists. */
  | { readonly kind: 'read-only'; readonly target: string };

export interface BindPlan {
  readonly kind: 'bind';
  readonly source: string;
  readonly sourceKind: 'directory' | 'file';
  readonly target: string;
  readonly attributes: MountAttributes;
  readonly recursive: boolean;
  /** Show the owner `hostUid:hostGid` as `roomUid:roomGid` (ids as seen on the host: base included). */
  readonly idmap: MountIdmapPlan | null;
}

export interface MountIdmapPlan {
  readonly hostUid: number;
  readonly hostGid: number;
  readonly roomUid: number;
  readonly roomGid: number;
}

export type IdentityPlan =
  /** Room ids 0..size-1 are host ids base..base+size-1, in a user namespace of the room's own. */
  | { readonly kind: 'mapped'; readonly base: number; readonly size: number }
  /** Room ids are host ids. */
  | { readonly kind: 'host' };

export interface CgroupPlan {
  /** Directory of the Anchor's own subtree, absolute. */
  readonly parent: string;
  readonly leaf: string;
  /** Written in this order after room-init runs and before the command does. */
  readonly writes: readonly CgroupWrite[];
  /** Files whose text is read when the room has ended and handed back with the end event. */
  readonly report: readonly string[];
  /** Files whose changes are events while the room lives. */
  readonly watch: readonly string[];
}

export interface CgroupWrite {
  readonly file: string;
  readonly value: string;
}

export interface RlimitPlan {
  /** RLIMIT_* number. */
  readonly resource: number;
  /** -1 is RLIM_INFINITY. */
  readonly soft: number;
  readonly hard: number;
}

/** A room that was asked for, and for what. */
export type RunningPlan = Plan & { readonly process: ProcessPlan };

/** A process in a room: the command, or one more of `room.exec()`. */
export interface ProcessPlan {
  readonly argv: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** Where a program without a slash is looked for, in order. */
  readonly searchPath: readonly string[];
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Of those of the room. */
  readonly capabilities: number;
  readonly stdio: StdioPlan;
}

export type StdioPlan =
  | { readonly kind: 'streams'; readonly streams: readonly [StreamPlan, StreamPlan, StreamPlan] }
  | { readonly kind: 'pty'; readonly columns: number; readonly rows: number };

export type StreamPlan =
  { readonly kind: 'pipe' } | { readonly kind: 'null' } | { readonly kind: 'fd'; readonly fd: number };

/** What an Anchor is opened with. */
export interface AnchorPlan {
  /** Path of the room-init executable. */
  readonly init: string;
  readonly launchers: number;
  /** Directory of the Anchor's own cgroup subtree (made by native code, removed when the Anchor closes), or null. */
  readonly cgroup: { readonly path: string; readonly controllers: readonly string[] } | null;
}
