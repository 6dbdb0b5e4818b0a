import type { MountSpec } from './mounts.js';
import type { LimitsSpec } from './limits.js';
import type { RlimitsSpec } from './rlimits.js';
import type { StdioSpec } from './stdio.js';
import type { SeccompSpec } from './seccomp.js';
import type { CapabilityName } from './capabilities.js';
import type { Duration } from './duration.js';

/**
 * What a user may write: plain JSON. Every field but `plank` and `command` has a documented default;
 * an unknown key is a TypeError.
 */
export interface RoomSpec {
  /** The room image: path of a squashfs (`*.sqsh`) or erofs file, or `'host'` for a read-only view of the host's `/usr`. */
  plank: string;
  /** Refuse the plank unless its SHA-256 is this one: `sha256:` and 64 hex digits. */
  plankDigest?: string;
  /** Program and arguments. A program without a slash is looked for in the PATH of `env`. */
  command: readonly string[];
  /** The whole environment of the command; nothing is inherited. Default `{ PATH: '/usr/local/sbin:…:/bin' }` when PATH is absent. */
  env?: Readonly<Record<string, string>>;
  /** Working directory in the room, absolute. Default `/`. */
  cwd?: string;
  /** Default `room`. */
  hostname?: string;
  /** `'root'`, a number, `'uid:gid'`, or a name looked up in the plank's `/etc/passwd`. Default `root`. */
  user?: string | number;
  /** `mapped` (default): ids of the room are ids without rights on the host. `host`: they are the host's own. */
  identity?: 'mapped' | 'host';
  mounts?: readonly MountSpec[];
  limits?: LimitsSpec;
  rlimits?: RlimitsSpec;
  /** How long the room may live. Default: no deadline. */
  lifetime?: Duration;
  /** `none`: a loopback interface and nothing else. Default and, for now, the only value. */
  network?: 'none';
  /** Default and, for now, the only value is false. */
  gpu?: false;
  /** Capabilities of the command, without the prefix CAP_. Default: none at all. */
  capabilities?: readonly CapabilityName[];
  /** Default `'default'`: the profile in docs/seccomp.md. */
  seccomp?: SeccompSpec;
  /** Default: three pipes. */
  stdio?: StdioSpec;
  /** Seal the root after the room is put together; mounts decide for themselves. Default false. */
  readOnlyRoot?: boolean;
}
