import type { CheckedIoLimit, CheckedLimits } from './checked.js';
import { child, conflict, keysOf, readArray, readFields, wrongValue } from './field.js';
import { readPath } from './path.js';
import { readInteger, readNumber } from './scalar.js';
import type { Size } from './size.js';
import { parseSize } from './size.js';

/** Hard limits, enforced by cgroup v2 (`disk` and `files` by a tmpfs). Only these two have defaults. */
export interface LimitsSpec {
  /** memory.max. The whole room is killed when it cannot stay below. At least 64 KiB. */
  memory?: Size;
  /** memory.swap.max. Default 0 when `memory` is given. */
  swap?: Size;
  /** CPUs' worth of time, e.g. 0.5: cpu.max over periods of 100 ms. 0.01 to 10000. */
  cpus?: number;
  /** cpu.weight, 1 to 10000; the kernel's default is 100. */
  cpuWeight?: number;
  /** pids.max: processes and threads together, 2 to 4194304. room-init is one of them. */
  processes?: number;
  /** Size of the writable layer, at least 64 KiB. Default 64 MiB. */
  disk?: Size;
  /** Files and directories in the writable layer, at least 64. Default: one for each 4 KiB of `disk`, but 256 at least. */
  files?: number;
  /** io.weight, 1 to 10000; the kernel's default is 100. */
  ioWeight?: number;
  /** io.max, one entry for each block device. */
  io?: readonly IoLimitSpec[];
}

/** At least one of the four limits. */
export interface IoLimitSpec {
  /** Block device: a path such as `/dev/vda`, or `major:minor`. */
  device: string;
  readBytesPerSecond?: Size;
  writeBytesPerSecond?: Size;
  readOperationsPerSecond?: number;
  writeOperationsPerSecond?: number;
}

export const limitKeys = keysOf<LimitsSpec>({
  memory: true,
  swap: true,
  cpus: true,
  cpuWeight: true,
  processes: true,
  disk: true,
  files: true,
  ioWeight: true,
  io: true,
});
export const ioLimitKeys = keysOf<IoLimitSpec>({
  device: true,
  readBytesPerSecond: true,
  writeBytesPerSecond: true,
  readOperationsPerSecond: true,
  writeOperationsPerSecond: true,
});

const leastMemory = 64 * 1024;
const leastDisk = 64 * 1024;
const defaultDisk = 64 * 2 ** 20;
/** Enough to put a room together: the directories that mounts need are files of this layer too. */
const leastFiles = 64;
const leastDefaultFiles = 256;
const bytesPerFile = 4096;
/** PID_MAX_LIMIT. */
const mostProcesses = 4_194_304;
const mostWeight = 10_000;

/** All limits; what was not asked for is null, but `disk` and `files` are always there. */
export function parseLimits(value: unknown, field: string): CheckedLimits {
  const fields = readFields(value === undefined ? {} : value, field, limitKeys);
  const size = (key: 'memory' | 'swap' | 'disk', least: number): number | null =>
    fields[key] === undefined ? null : parseSize(fields[key], child(field, key), least);
  const count = (
    key: 'cpuWeight' | 'processes' | 'files' | 'ioWeight',
    least: number,
    most: number,
  ): number | null =>
    fields[key] === undefined ? null : readInteger(fields[key], child(field, key), least, most);

  const memory = size('memory', leastMemory);
  const disk = size('disk', leastDisk) ?? defaultDisk;
  return {
    memory,
    // Without this a room could take as much again from swap, and "memory" would be half of the truth.
    swap: size('swap', 0) ?? (memory === null ? null : 0),
    cpus: fields.cpus === undefined ? null : readNumber(fields.cpus, child(field, 'cpus'), 0.01, 10_000),
    cpuWeight: count('cpuWeight', 1, mostWeight),
    processes: count('processes', 2, mostProcesses),
    disk,
    files:
      count('files', leastFiles, Number.MAX_SAFE_INTEGER) ??
      Math.max(leastDefaultFiles, Math.ceil(disk / bytesPerFile)),
    ioWeight: count('ioWeight', 1, mostWeight),
    io: fields.io === undefined ? [] : parseIo(fields.io, child(field, 'io')),
  };
}

function parseIo(value: unknown, field: string): readonly CheckedIoLimit[] {
  const taken = new Map<string, number>();
  return readArray(value, field, 'an array of limits').map((element, index) => {
    const name = `${field}[${index}]`;
    const limit = parseIoLimit(element, name);
    const first = taken.get(limit.device);
    if (first !== undefined) {
      const other = `${field}[${first}]`;
      throw conflict(`${name}.device`, `expected a device of its own, got the one of ${other}`);
    }
    taken.set(limit.device, index);
    return limit;
  });
}

function parseIoLimit(value: unknown, field: string): CheckedIoLimit {
  const fields = readFields(value, field, ioLimitKeys);
  // The kernel answers 0 with ERANGE: a device that must not be used at all is one the room has not got.
  const bytes = (key: 'readBytesPerSecond' | 'writeBytesPerSecond'): number | null =>
    fields[key] === undefined ? null : parseSize(fields[key], child(field, key), 1);
  const operations = (key: 'readOperationsPerSecond' | 'writeOperationsPerSecond'): number | null =>
    fields[key] === undefined ? null : readInteger(fields[key], child(field, key), 1, mostOperations);
  const limit: CheckedIoLimit = {
    device: parseDevice(fields.device, child(field, 'device')),
    rbps: bytes('readBytesPerSecond'),
    wbps: bytes('writeBytesPerSecond'),
    riops: operations('readOperationsPerSecond'),
    wiops: operations('writeOperationsPerSecond'),
  };
  if ((limit.rbps ?? limit.wbps ?? limit.riops ?? limit.wiops) === null) {
    throw wrongValue(field, 'at least one limit besides the device', value, 'none');
  }
  return limit;
}

/** The kernel keeps operations per second in 32 bits, and the highest of them means "no limit". */
const mostOperations = 2 ** 32 - 2;

function parseDevice(value: unknown, field: string): string {
  const expected = 'the path of a block device or "major:minor"';
  const device = readPath(value, field, expected);
  // 12 bits of major, 20 of minor.
  const [, major, minor] = /^(0|[1-9][0-9]{0,3}):(0|[1-9][0-9]{0,6})$/.exec(device) ?? [];
  const numbered =
    major !== undefined && minor !== undefined && Number(major) < 2 ** 12 && Number(minor) < 2 ** 20;
  if (!numbered && !device.startsWith('/')) throw wrongValue(field, expected, device);
  return device;
}
