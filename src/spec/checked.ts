import type { CheckedNix } from './nix.js';
import type { CheckedSeccomp } from './seccomp.js';
import type { CheckedService } from './services.js';
import type { VaultKind } from './vault-kinds.js';

/**
 * A RoomSpec after validation: every default filled in, every unit resolved, deep-frozen plain data without optional
 * fields (null where nothing was asked for). Nothing in it is shared with what the user passed in.
 */
export interface CheckedSpec {
  readonly plank: CheckedPlank;
  /** 64 lower-case hex digits. */
  readonly plankDigest: string | null;
  readonly command: readonly string[];
  readonly env: CheckedEnv;
  /** Absolute and normalized. */
  readonly cwd: string;
  readonly hostname: string;
  readonly user: CheckedUser;
  readonly identity: CheckedIdentity;
  /** Parents before children; `index` is the position in the spec. */
  readonly mounts: readonly CheckedMount[];
  readonly nix: CheckedNix | null;
  /** Each behind those that it is after. */
  readonly services: readonly CheckedService[];
  readonly limits: CheckedLimits;
  /** In the order of their numbers, each at most once. */
  readonly rlimits: readonly CheckedRlimit[];
  /** Milliseconds. */
  readonly lifetime: number | null;
  /** Numbers of capabilities(7), ascending, each at most once. */
  readonly capabilities: readonly number[];
  readonly seccomp: CheckedSeccomp;
  readonly stdio: CheckedStdio;
  readonly readOnlyRoot: boolean;
}

/** What of a spec is decided before its command. */
export type CheckedRoom = Omit<CheckedSpec, 'command' | 'env' | 'cwd' | 'lifetime' | 'stdio'>;

/** What `room.exec()` was asked for. null: the same as the command of the room has. */
export interface CheckedExec {
  readonly argv: readonly string[];
  readonly env: CheckedEnv | null;
  readonly cwd: string | null;
  readonly user: CheckedUser | null;
  readonly capabilities: readonly number[] | null;
  readonly stdio: CheckedStdio;
}

/** A path is kept as it was written: it is absolute, or relative to the working directory of this process. */
export type CheckedPlank =
  | { readonly kind: 'host' }
  | { readonly kind: 'image'; readonly path: string }
  /** `planks/name` or `planks/name@generation` */
  | { readonly kind: 'vault'; readonly reference: string };

/** Name and value, each name once. There is always a PATH. */
export type CheckedEnv = readonly (readonly [name: string, value: string])[];

export type CheckedUser =
  /** gid null: the group that the plank's /etc/passwd gives to `uid`, or the one of the same number. */
  | { readonly kind: 'ids'; readonly uid: number; readonly gid: number | null }
  /** To be looked up in the plank. group null: the user's own group. */
  | { readonly kind: 'name'; readonly user: string; readonly group: string | number | null };

export type CheckedIdentity = 'mapped' | 'host';

export type CheckedMount = CheckedHostMount | CheckedVaultMount | CheckedDropzone | CheckedTmpfsMount;

export interface CheckedHostMount {
  readonly kind: 'host';
  /** Position in `mounts` of the spec, to name it in an error. */
  readonly index: number;
  /** Absolute, as it was written. */
  readonly host: string;
  /** Absolute and normalized. */
  readonly at: string;
  readonly write: boolean;
  readonly noExec: boolean;
  readonly recursive: boolean;
}

export interface CheckedVaultMount {
  readonly kind: 'vault';
  /** Position in `mounts` of the spec, to name it in an error. */
  readonly index: number;
  /** `kind/name` or `kind/name@generation` */
  readonly reference: string;
  /** Absolute and normalized. */
  readonly at: string;
  readonly noExec: boolean;
}

export interface CheckedDropzone {
  readonly kind: 'dropzone';
  /** Position in `mounts` of the spec, to name it in an error. */
  readonly index: number;
  readonly vault: VaultKind;
  /** Absolute and normalized. */
  readonly at: string;
  readonly keep: 'on-success' | 'always';
  readonly bytes: number;
  readonly noExec: boolean;
  readonly checkpoints: CheckedCheckpoints | null;
}

/** What a room may have kept while it runs. */
export interface CheckedCheckpoints {
  /** Milliseconds between two. */
  readonly interval: number;
  readonly most: number;
}

export interface CheckedTmpfsMount {
  readonly kind: 'tmpfs';
  /** Position in `mounts` of the spec, to name it in an error. */
  readonly index: number;
  readonly bytes: number;
  /** Absolute and normalized. */
  readonly at: string;
  readonly mode: number;
  readonly noExec: boolean;
}

/** null: no limit was asked for. */
export interface CheckedLimits {
  /** Bytes. */
  readonly memory: number | null;
  /** Bytes; 0 when `memory` was given and `swap` was not. */
  readonly swap: number | null;
  readonly cpus: number | null;
  readonly cpuWeight: number | null;
  readonly processes: number | null;
  /** Bytes of the writable layer. */
  readonly disk: number;
  /** Inodes of the writable layer. */
  readonly files: number;
  readonly ioWeight: number | null;
  readonly io: readonly CheckedIoLimit[];
}

/** At least one of the four is not null. */
export interface CheckedIoLimit {
  /** Absolute path or `major:minor`. */
  readonly device: string;
  readonly rbps: number | null;
  readonly wbps: number | null;
  readonly riops: number | null;
  readonly wiops: number | null;
}

export interface CheckedRlimit {
  /** RLIMIT_* number. */
  readonly resource: number;
  /** -1 is RLIM_INFINITY. */
  readonly soft: number;
  readonly hard: number;
}

export type CheckedStdio =
  | { readonly kind: 'streams'; readonly streams: readonly [CheckedStream, CheckedStream, CheckedStream] }
  | { readonly kind: 'pty'; readonly columns: number; readonly rows: number };

/** fd is one of this process. */
export type CheckedStream =
  { readonly kind: 'pipe' } | { readonly kind: 'null' } | { readonly kind: 'fd'; readonly fd: number };
