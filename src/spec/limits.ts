import type { Size } from './size.js';

/** Hard limits, enforced by cgroup v2 (`disk` by the size of a tmpfs). None of them has a default but `disk`. */
export interface LimitsSpec {
  /** memory.max. The whole room is killed when it cannot stay below. */
  memory?: Size;
  /** memory.swap.max. Default 0 when `memory` is given. */
  swap?: Size;
  /** CPUs' worth of time, e.g. 0.5: cpu.max over periods of 100 ms. 0.01 to 10000. */
  cpus?: number;
  /** cpu.weight, 1 to 10000; the kernel's default is 100. */
  cpuWeight?: number;
  /** pids.max: processes and threads together. At least 2: room-init is one of them. */
  processes?: number;
  /** Size of the writable layer. Default 64 MiB. */
  disk?: Size;
  /** Files and directories in the writable layer. Default: one for each 4 KiB of `disk`. */
  files?: number;
  /** io.weight, 1 to 10000. */
  ioWeight?: number;
  /** io.max, one entry for each block device. */
  io?: readonly IoLimitSpec[];
}

export interface IoLimitSpec {
  /** Block device: a path such as `/dev/vda`, or `major:minor`. */
  device: string;
  readBytesPerSecond?: Size;
  writeBytesPerSecond?: Size;
  readOperationsPerSecond?: number;
  writeOperationsPerSecond?: number;
}
