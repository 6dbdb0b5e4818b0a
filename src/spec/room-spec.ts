import { keysOf } from './field.js';
import type { MountSpec } from './mounts.js';
import type { LimitsSpec } from './limits.js';
import type { NixSpec } from './nix.js';
import type { RlimitsSpec } from './rlimits.js';
import type { StdioSpec } from './stdio.js';
import type { SeccompSpec } from './seccomp.js';
import type { ServicesSpec } from './services.js';
import type { CapabilityName } from './capabilities.js';
import type { Duration } from './duration.js';

/**
 * What a user may write: plain JSON. Every field but `plank` and `command` has a documented default;
 * an unknown key is a TypeError.
 */
export interface RoomSpec {
  /**
   * The room image: path of a squashfs or erofs file (with a slash in it, or ending in `.sqsh` or `.erofs`), `'host'`
   * for a read-only view of the host's `/usr`, or what the vault has as `planks/name`: `'name'`, or `'name@generation'`.
   */
  plank: string;
  /** Refuse the plank unless its SHA-256 is this one: `sha256:` and 64 hex digits. */
  plankDigest?: string;
  /** Program and arguments. A program without a slash is looked for in the PATH of `env`. */
  command: readonly string[];
  /**
   * The whole environment of the command; nothing is inherited. Only PATH has a default:
   * `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`.
   */
  env?: Readonly<Record<string, string>>;
  /** Working directory in the room, absolute. Default `/`. */
  cwd?: string;
  /** Default `room`. */
  hostname?: string;
  /**
   * `'root'`, a number, `'uid:gid'`, or a name, `'name:group'` or `'name:gid'` looked up in the plank's `/etc/passwd` and
   * `/etc/group`. Default `root`.
   */
  user?: string | number;
  /** `mapped` (default): ids of the room are ids without rights on the host. `host`: they are the host's own. */
  identity?: 'mapped' | 'host';
  /** What of the host, and what memory, the room has besides its plank. Default: none. */
  mounts?: readonly MountSpec[];
  /** Nix in the room. Default: none of it. */
  nix?: NixSpec;
  /** Programs beside the command, ready before it begins. Default: none. */
  services?: ServicesSpec;
  /** Hard limits for the whole room. Default: `disk` 64 MiB. */
  limits?: LimitsSpec;
  /** Limits of each process, setrlimit(2). Default: `core` 0, `nofile` 1024 soft and 4096 hard. */
  rlimits?: RlimitsSpec;
  /** How long the room may live. Default: no deadline. */
  lifetime?: Duration;
  /** `none`: a loopback interface and nothing else. Default and, for now, the only value. */
  network?: 'none';
  /** Default and, for now, the only value is false. */
  gpu?: false;
  /** Capabilities of the command, without the prefix CAP_. Default: none at all. Not with identity `host`. */
  capabilities?: readonly CapabilityName[];
  /** Default `'default'`: the profile in docs/seccomp.md. */
  seccomp?: SeccompSpec;
  /** Default: three pipes. */
  stdio?: StdioSpec;
  /** Seal the root after the room is put together; mounts decide for themselves. Default false. */
  readOnlyRoot?: boolean;
}

/** Every key of a spec. */
export const roomSpecKeys = keysOf<RoomSpec>({
  plank: true,
  plankDigest: true,
  command: true,
  env: true,
  cwd: true,
  hostname: true,
  user: true,
  identity: true,
  mounts: true,
  nix: true,
  services: true,
  limits: true,
  rlimits: true,
  lifetime: true,
  network: true,
  gpu: true,
  capabilities: true,
  seccomp: true,
  stdio: true,
  readOnlyRoot: true,
});
