const brand = Symbol.for('anchor-rooms.error');

/** Every code an error of this package can carry, with what it means. docs/errors.md is made from this table. */
export const errorCodes = {
  ERR_ROOM_SPEC_TYPE: 'A field of the spec has the wrong type.',
  ERR_ROOM_SPEC_VALUE: 'A field of the spec has a value outside its range or form.',
  ERR_ROOM_SPEC_UNKNOWN_KEY: 'The spec has a key that does not exist.',
  ERR_ROOM_SPEC_CONFLICT: 'Two fields of the spec contradict each other.',
  ERR_ROOM_PLANK_NOT_FOUND: 'There is no plank at that path.',
  ERR_ROOM_PLANK_INVALID: 'The file is not a plank: empty, truncated, corrupted or of another format.',
  ERR_ROOM_PLANK_UNSUPPORTED: 'The kernel cannot mount this kind of plank.',
  ERR_ROOM_PLANK_DIGEST: 'The plank does not have the digest that was asked for.',
  ERR_ROOM_PLANK_BUILD: 'The plank could not be built.',
  ERR_ROOM_MOUNT_SOURCE: 'The source of a mount does not exist or cannot be used.',
  ERR_ROOM_NO_VAULT: 'The spec names something in a vault, and the Anchor was opened without one.',
  ERR_ROOM_MOUNT_TARGET: 'The target of a mount cannot be made inside the room.',
  ERR_ROOM_MOUNT_IDMAP:
    'The file system of a writable mount cannot be idmapped, so the room could not write to it.',
  ERR_ROOM_USER_NOT_FOUND: "The user is not in the plank's /etc/passwd.",
  ERR_ROOM_COMMAND_NOT_FOUND: 'The program, its interpreter or its ELF loader is not in the room.',
  ERR_ROOM_COMMAND_NOT_EXECUTABLE: 'The program exists but cannot be executed.',
  ERR_ROOM_COMMAND_TOO_LONG: 'Arguments and environment are longer than the kernel takes.',
  ERR_ROOM_CWD: 'The working directory does not exist in the room or cannot be entered.',
  ERR_ROOM_SERVICE: 'A service ended before it was ready, or was not ready in its time.',
  ERR_ROOM_CGROUP_HYBRID: 'Limits need cgroup v2 controllers; on this host cgroup v1 holds them.',
  ERR_ROOM_CGROUP_ABSENT: 'Limits need cgroup v2, which is not mounted on this host.',
  ERR_ROOM_CGROUP_CONTROLLER: 'A limit needs a cgroup controller that is not available to this process.',
  ERR_ROOM_CGROUP_DELEGATION: 'This process may not make cgroups below its own.',
  ERR_ROOM_USERNS_UNAVAILABLE: 'User namespaces are switched off on this host.',
  ERR_ROOM_IDS_EXHAUSTED: 'No free range of user ids is left for another room.',
  ERR_ROOM_SECCOMP_PROFILE: 'The seccomp profile cannot be compiled or would stop room-init itself.',
  ERR_ROOM_UNSUPPORTED_PLATFORM: 'Rooms need Linux on x86-64.',
  ERR_ROOM_ADDON_LOAD: 'The native addon could not be loaded.',
  ERR_ROOM_PERMISSION: 'This process lacks a privilege that making rooms needs.',
  ERR_ROOM_LAUNCH: 'A step of making the room failed.',
  ERR_ROOM_INIT_DIED:
    'room-init was killed before the command ran, most often by a memory limit below 1 MiB.',
  ERR_ROOM_ENDED: 'The room has ended.',
  ERR_ROOM_FILE: 'A file operation inside the room was refused or failed.',
  ERR_ROOM_CLOSED: 'The Anchor is closed.',
  ERR_VAULT_NOT_FOUND: 'The directory is not there or is no vault.',
  ERR_VAULT_EXISTS: 'The directory is a vault already, or has something else in it.',
  ERR_VAULT_INVALID: 'The directory is a vault of a newer version, or what makes it one is damaged.',
  ERR_VAULT_NOT_MOUNTED: 'The vault is on a disk of its own, and that is not mounted.',
  ERR_VAULT_OTHER: 'The vault at that path is another one than expected, or was exchanged while it was open.',
  ERR_VAULT_READ_ONLY: 'The vault, or the target of a courier, is on a file system that is read-only.',
  ERR_VAULT_NO_ENTRY: 'The vault has nothing of that name, or not that generation of it.',
  ERR_VAULT_SOURCE:
    'What is to be stored does not exist, cannot be read, or has something in it that a vault does not keep.',
  ERR_VAULT_SOURCE_CHANGED: 'The source was changed while it was copied.',
  ERR_VAULT_DROPZONE: 'A dropzone cannot be made, or what a room left in one cannot be kept.',
  ERR_VAULT_TARGET: 'The target of a copy is there already or cannot be made.',
  ERR_VAULT_NO_SPACE: 'The disk or a quota is full.',
  ERR_VAULT_DIGEST: 'The content does not have the digest that was asked for.',
  ERR_VAULT_DAMAGED: 'What is on the disk is not what was written.',
  ERR_VAULT_IN_USE: 'The generation is active or somebody holds a lease on it.',
  ERR_VAULT_BUSY: 'Another process is changing the vault, and did not finish in time.',
  ERR_VAULT_LOG: 'The audit log is damaged.',
  ERR_VAULT_IO: 'Reading or writing failed.',
  ERR_VAULT_UNCERTAIN: 'The last step of a change failed: it may or may not survive a power cut. Verify.',
  ERR_VAULT_CLOSED: 'The vault is closed.',
  ERR_COURIER_NOT_CAPSULE: 'There is no capsule or parcel at that path, or one that was never finished.',
  ERR_COURIER_VERSION: 'It is a bag of another kind, or a capsule of a newer version.',
  ERR_COURIER_TAG_FILE:
    'A tag file has not the form that it has to have, is cut off, or lists other files than it should.',
  ERR_COURIER_PATH: 'A manifest has a path that is absolute, leads out of the capsule, or is not normalized.',
  ERR_COURIER_NAME:
    'A file has a name that is not one of a capsule: no UTF-8, or not the same on every file system.',
  ERR_COURIER_DUPLICATE: 'A file is listed twice, or two names are one where case or accents do not count.',
  ERR_COURIER_MISSING: 'A file that belongs to the capsule is not there.',
  ERR_COURIER_EXTRA: 'A file or directory is there that is listed nowhere.',
  ERR_COURIER_KIND:
    'Something is neither a regular file nor a directory (a link, a FIFO, a device, another file system), or has hard links.',
  ERR_COURIER_DIGEST: 'A file was changed, is damaged, or cannot be read back.',
  ERR_COURIER_OXUM: 'There are more or fewer bytes or files than Payload-Oxum says.',
  ERR_COURIER_CONTENT: 'What the capsule says of its content is malformed, or is not what it lists.',
  ERR_COURIER_SIGNATURE: 'The signature does not hold, or could not be made.',
  ERR_COURIER_UNTRUSTED: 'Nobody signed the capsule or parcel who is allowed to, or nobody said who is.',
  ERR_COURIER_RIGHTS: 'The room of the capsule asks for more than every room has, and nobody granted it.',
  ERR_COURIER_SOURCE: 'What is to be packed is not there, or would be something else on another machine.',
  ERR_COURIER_TARGET: 'There is something already where the capsule or parcel is to be.',
  ERR_COURIER_TOOL: 'A program that is needed is not installed.',
  ERR_COURIER_DRIVE: 'There is no such drive, it is no target, or it has no file system that a courier uses.',
  ERR_COURIER_MOUNT: 'The file system of a drive could not be mounted, unmounted or brought to its device.',
  ERR_COURIER_GONE: 'The drive was pulled, or is not answering any more.',
  ERR_COURIER_BUSY: 'Another courier is at the target, or somebody uses the drive.',
  ERR_COURIER_REFUSED: 'The policy does not allow it, or nobody consented.',
  ERR_FLAKE_NOT_FOUND: 'There is no flake.nix, or the flake has something in it that cannot be copied.',
  ERR_FLAKE_TOOL: 'Nix is not installed, too old, or ended in a way that nobody expected.',
  ERR_FLAKE_LOCK: 'flake.lock is missing, damaged, or does not fit the inputs of flake.nix.',
  ERR_FLAKE_UNPINNED: 'An input is not pinned to one revision and one content.',
  ERR_FLAKE_INPUT: 'An input cannot be had.',
  ERR_FLAKE_INPUT_CHANGED: 'An input or a download is not what it was when it was pinned.',
  ERR_FLAKE_DECLARATION:
    'anchor.env.json is missing or malformed, names what there is not, or the flake does not read it.',
  ERR_FLAKE_CHANGED: 'anchor.env.json was edited by somebody else meanwhile.',
  ERR_FLAKE_EVALUATE: 'The flake is wrong: it cannot be evaluated.',
  ERR_FLAKE_OUTPUT: 'The flake has no such output, or what it gives is no plank.',
  ERR_FLAKE_BUILD: 'A build or a check failed.',
  ERR_FLAKE_SANDBOX: 'Nix cannot build in its sandbox here.',
  ERR_FLAKE_NOT_REPRODUCIBLE: 'Built again, it was something else.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** What the kernel said, when it was the kernel. */
export interface FaultDetails {
  /** The step of making the room, e.g. `root.overlay`. */
  step?: string;
  syscall?: string;
  /** Negative, as Node's own system errors have it. */
  errno?: number;
  path?: string;
  /** Of the file at `path`, from 1. */
  line?: number;
  /** The end of what a build or a service that failed has said. */
  log?: readonly string[];
  /** What to do about it. */
  hint?: string;
  cause?: unknown;
}

/** A room, plank, vault or host operation failed. Match on `code`; the text is for people. */
export class RoomError extends Error {
  override readonly name = 'RoomError';
  readonly code: ErrorCode;
  readonly step?: string;
  readonly syscall?: string;
  readonly errno?: number;
  readonly path?: string;
  readonly line?: number;
  readonly log?: readonly string[];
  readonly hint?: string;

  constructor(code: ErrorCode, message: string, details: FaultDetails = {}) {
    const { cause, ...rest } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, rest);
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for errors of any copy of this package in the process. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** A spec of the wrong type: a TypeError that names the field. */
export class SpecTypeError extends TypeError {
  constructor(
    readonly code: ErrorCode,
    /** The field, e.g. `mounts[2].at`. */
    readonly field: string,
    message: string,
  ) {
    super(`${field}: ${message}`);
  }
}

/** A spec with a value out of range: a RangeError that names the field. */
export class SpecRangeError extends RangeError {
  constructor(
    readonly code: ErrorCode,
    /** The field, e.g. `limits.memory`. */
    readonly field: string,
    message: string,
  ) {
    super(`${field}: ${message}`);
  }
}
