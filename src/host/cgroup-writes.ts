import type { CgroupWrite } from '../../types/plan.js';
import type { CheckedIoLimit, CheckedLimits } from '../spec/checked.js';
import { RoomError } from '../errors.js';
import type { CgroupChoice, CgroupSubtree, LimitController } from './cgroup.js';

/** Turns a device of `limits.io` into `major:minor`; see `resolveBlockDevice`. */
export type DeviceResolver = (device: string, field: string) => string;

/** Microseconds; the kernel's own default, and short enough that nobody notices the pauses. */
const cpuPeriod = 100_000;

/**
 * The file writes that enforce checked limits on a room's cgroup. Throws a RoomError when one of them cannot be enforced
 * here: a limit that is not enforced is never accepted.
 */
export function limitWrites(
  limits: CheckedLimits,
  choice: CgroupChoice,
  resolveDevice: DeviceResolver,
): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const write = (file: string, value: number | string): void => {
    writes.push({ file, value: String(value) });
  };
  if (limits.memory !== null) {
    demand(choice, 'memory', 'limits.memory');
    // One process of a room killed and the others left is a state that nobody asked for.
    write('memory.oom.group', 1);
    write('memory.max', limits.memory);
  }
  if (limits.swap !== null) {
    const subtree = demand(choice, 'memory', limits.memory === null ? 'limits.swap' : 'limits.memory');
    if (subtree.swap) write('memory.swap.max', limits.swap);
    // A kernel that cannot swap keeps the promise of 0 by itself.
    else if (limits.swap !== 0) throw noSwapAccounting();
  }
  if (limits.cpus !== null) {
    demand(choice, 'cpu', 'limits.cpus');
    write('cpu.max', `${Math.round(limits.cpus * cpuPeriod)} ${cpuPeriod}`);
  }
  if (limits.cpuWeight !== null) {
    demand(choice, 'cpu', 'limits.cpuWeight');
    write('cpu.weight', limits.cpuWeight);
  }
  if (limits.processes !== null) {
    demand(choice, 'pids', 'limits.processes');
    write('pids.max', limits.processes);
  }
  if (limits.ioWeight !== null) {
    demand(choice, 'io', 'limits.ioWeight');
    write('io.weight', limits.ioWeight);
  }
  limits.io.forEach((limit, index) => {
    demand(choice, 'io', `limits.io[${index}]`);
    write('io.max', ioMax(limit, resolveDevice(limit.device, `limits.io[${index}].device`)));
  });
  return writes;
}

/** Files that are read when a room has ended. Native code leaves out those that this kernel does not have. */
export function reportFiles(choice: CgroupSubtree): string[] {
  return ['cpu.stat', ...choice.controllers.flatMap((controller) => reported[controller])];
}

/** Files whose changes matter while a room lives. */
export function watchFiles(choice: CgroupSubtree): string[] {
  return choice.controllers.flatMap((controller) => watched[controller]);
}

const reported: Readonly<Record<LimitController, readonly string[]>> = {
  cpu: [],
  io: ['io.stat'],
  memory: [
    'memory.current',
    'memory.peak',
    'memory.swap.current',
    'memory.swap.peak',
    'memory.events',
    'memory.events.local',
  ],
  pids: ['pids.current', 'pids.peak', 'pids.events'],
};

const watched: Readonly<Record<LimitController, readonly string[]>> = {
  cpu: [],
  io: [],
  memory: ['memory.events'],
  pids: ['pids.events'],
};

function demand(choice: CgroupChoice, controller: LimitController, field: string): CgroupSubtree {
  if (choice.kind === 'none') {
    throw new RoomError(choice.code, `${field} cannot be enforced: ${choice.reason}`, {
      hint: choice.remedy,
    });
  }
  const refusal = choice.missing[controller];
  if (refusal !== undefined) {
    const message = `${field} needs the cgroup controller '${controller}': ${refusal.reason}`;
    throw new RoomError(refusal.code, message, { path: choice.parent, hint: refusal.remedy });
  }
  return choice;
}

function noSwapAccounting(): RoomError {
  return new RoomError(
    'ERR_ROOM_CGROUP_CONTROLLER',
    'limits.swap needs memory.swap.max, which this kernel does not have',
    { hint: 'leave limits.swap out, or boot a kernel with swap and without swapaccount=0' },
  );
}

/** Keys that are left out keep their value, which is `max` in a new cgroup. */
function ioMax(limit: CheckedIoLimit, device: string): string {
  const values = (['rbps', 'wbps', 'riops', 'wiops'] as const)
    .filter((key) => limit[key] !== null)
    .map((key) => `${key}=${limit[key]}`);
  return [device, ...values].join(' ');
}
