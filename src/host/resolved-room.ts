import type { CgroupPlan, IdentityPlan, LowerPlan, MountPlan } from '../../types/plan.js';
import type { CheckedDropzone, CheckedSpec } from '../spec/checked.js';
import type { CheckedService } from '../spec/services.js';
import type { ResolvedNix } from './nix.js';
import type { RoomPlace } from './places.js';

/**
 * A checked spec together with everything that had to be looked up on the host. Plain data: from here to the
 * Plan nothing is read any more. Fields of the spec that need no look-up (command, env, cwd, hostname, rlimits,
 * seccomp, capabilities, lifetime, stdio, readOnlyRoot, disk and files) stay where they are, in `spec`.
 */
export interface ResolvedRoom {
  readonly spec: CheckedSpec;
  readonly place: RoomPlace;
  readonly plank: ResolvedPlank;
  /** In the order of the spec. They come after the binds of the plank. */
  readonly mounts: readonly ResolvedMount[];
  /** null: nothing of Nix. Its mounts are among the others. */
  readonly nix: ResolvedNix | null;
  /** What is laid over paths below /proc and /sys. */
  readonly covers: readonly CoverPlan[];
  /** That of the host. */
  readonly pidMax: number | null;
  /** Its own cgroup is shown to it, read-only. */
  readonly seesCgroup: boolean;
  /** That of the place. */
  readonly identity: IdentityPlan;
  readonly user: ResolvedUser;
  /** In the order of those of the spec. */
  readonly services: readonly ResolvedService[];
  /** null: the room runs in the cgroup of this process, without limits. */
  readonly cgroup: ResolvedCgroup | null;
  /** Of the vault; not held yet. */
  readonly used: readonly UsedGeneration[];
  /** Where the host makes a guarantee weaker than it could be, or enforces it in another way; for `room.granted`. */
  readonly notes: readonly ResolutionNote[];
}

/** What the host says about a spec, whichever room will be made for it. */
export type ResolvedSpec = Omit<ResolvedRoom, 'place' | 'identity'>;

/** The read-only layer of the root. */
export interface ResolvedPlank {
  readonly lower: LowerPlan;
  /** The file system takes an idmapped mount, and the room has ids of its own. */
  readonly idmap: boolean;
  /** For `'host'`: what the skeleton shows of the host. Read-only, before all other mounts; empty for an image. */
  readonly binds: readonly ResolvedBind[];
}

/** A file or directory of the host. */
export interface ResolvedBind {
  readonly kind: 'bind';
  /** Absolute, no symbolic link in it. */
  readonly source: string;
  readonly sourceKind: 'directory' | 'file';
  /** Absolute path in the room. */
  readonly at: string;
  readonly access: 'read' | 'write';
  readonly noExec: boolean;
  readonly recursive: boolean;
  /** Who owns the source on the host and shall appear as the room's user; null: mount it without an idmap. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/** An empty file system in memory. */
export interface ResolvedTmpfs {
  readonly kind: 'tmpfs';
  readonly at: string;
  readonly bytes: number;
  readonly mode: number;
  readonly noExec: boolean;
}

/** What the vault has, from where it lies on the host. */
export interface ResolvedStored extends Omit<ResolvedBind, 'kind'> {
  readonly kind: 'stored';
  readonly access: 'read';
  readonly reference: string;
}

/** A place to write to from which things come into the vault. */
export interface ResolvedDropzone extends Omit<CheckedDropzone, 'index'> {
  /** -1 until it is made, for one room. */
  readonly fd: number;
}

/** A place from which store paths come into the vault. */
export interface ResolvedInbox {
  readonly kind: 'nix-inbox';
  readonly at: string;
  /** -1 until it is made, for one room. */
  readonly fd: number;
}

/** One more /proc of the room's own, without covers. */
export interface ResolvedProc {
  readonly kind: 'proc';
  readonly at: string;
}

export type ResolvedMount =
  ResolvedBind | ResolvedStored | ResolvedDropzone | ResolvedTmpfs | ResolvedInbox | ResolvedProc;

/** A generation of the vault that a room uses, to be held while it lives. */
export interface UsedGeneration {
  /** The field of the spec that names it. */
  readonly field: string;
  /** `kind/name@generation` */
  readonly reference: string;
}

/** The two entries of a plan that take something away from a path. */
export type CoverPlan = Extract<MountPlan, { kind: 'mask' | 'read-only' }>;

/** Ids as seen in the room. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups with `gid` among them, ascending. */
  readonly groups: readonly number[];
  /** From the plank's /etc/passwd, where the user is in it. */
  readonly name: string | null;
  readonly home: string | null;
}

/** A service, with the ids that it runs as. */
export interface ResolvedService extends Omit<CheckedService, 'user'> {
  readonly user: ResolvedUser;
}

/** A CgroupPlan but for the name of the leaf, which is the room's id. */
export type ResolvedCgroup = Omit<CgroupPlan, 'leaf'>;

/** One sentence for a frontend about one guarantee. */
export interface ResolutionNote {
  /** The field of the spec it is about, e.g. `mounts[1]`. */
  readonly field: string;
  readonly text: string;
}
