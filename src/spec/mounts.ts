import type { Size } from './size.js';

export type MountSpec = HostMountSpec | TmpfsMountSpec;

/** A directory or file of the host. Read-only unless it says so; `nosuid` and `nodev` always. */
export interface HostMountSpec {
  /** Absolute path on the host; symbolic links in it are followed once, when the room is made. */
  host: string;
  /** Absolute path in the room; missing directories are made in the room's own layer. */
  at: string;
  /** Default `read`. */
  access?: 'read' | 'write';
  /** Forbid executing programs from it. Default false. */
  noExec?: boolean;
  /** Take the mounts below the source along. Default false. */
  recursive?: boolean;
}

/** An empty file system in memory. */
export interface TmpfsMountSpec {
  /** Its size limit. */
  tmpfs: Size;
  at: string;
  /** Permission bits of its root. Default 0o1777. */
  mode?: number;
  /** Default false. */
  noExec?: boolean;
}
