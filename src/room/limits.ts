import { promises as fs } from 'node:fs';
import { join } from 'node:path/posix';
import type { CgroupPlan, CgroupWrite } from '../../types/plan.js';
import { explainedFault } from '../addon/refusal.js';
import { RoomError, SpecRangeError } from '../errors.js';
import { resolveBlockDevice } from '../host/block-device.js';
import { limitWrites } from '../host/cgroup-writes.js';
import type { Host } from '../host/host.js';
import { parseUsage, type CgroupUsage } from '../host/usage.js';
import type { CheckedLimits } from '../spec/checked.js';
import { parseLimits, type LimitsSpec } from '../spec/limits.js';
import type { RoomFiles } from './files.js';
import type { RoomLife } from './life.js';

/** What a room consumes at one moment. null: this host does not count it. */
export interface LiveUsage extends CgroupUsage {
  /** The writable layer: bytes and files in it. */
  readonly disk: { readonly bytes: number; readonly files: number } | null;
}

/** The cgroup of one room, from this side. */
export class RoomCgroup {
  readonly #plan: CgroupPlan | null;
  readonly #host: Host;
  readonly #life: RoomLife;

  constructor(plan: CgroupPlan | null, host: Host, life: RoomLife) {
    this.#plan = plan;
    this.#host = host;
    this.#life = life;
  }

  /** Its directory. Throws when the room has none, for what needs one. */
  require(what: string): string {
    if (this.#plan !== null) return join(this.#plan.parent, this.#plan.leaf);
    const { choice } = this.#host.cgroup;
    if (choice.kind === 'subtree') throw new RoomError('ERR_ROOM_CGROUP_ABSENT', `${what} needs a cgroup`);
    throw new RoomError(choice.code, `${what} needs a cgroup: ${choice.reason}`, { hint: choice.remedy });
  }

  async usage(files: RoomFiles): Promise<LiveUsage> {
    void this.#life.number; // throws when the room has ended
    const [texts, disk] = await Promise.all([this.#readReport(), files.diskUsage()]);
    return { ...parseUsage(texts), disk };
  }

  async setLimits(spec: Omit<LimitsSpec, 'disk' | 'files'>): Promise<void> {
    const limits = parseLimits(spec, 'limits');
    for (const key of ['disk', 'files'] as const) {
      if ((spec as LimitsSpec)[key] === undefined) continue;
      throw new SpecRangeError('ERR_ROOM_SPEC_CONFLICT', `limits.${key}`, 'is fixed when a room is made');
    }
    const writes = limitWritesOn(this.#host, limits);
    void this.#life.number;
    if (writes.length === 0 || this.#plan === null) return;
    await writeLimits(this.#plan, writes);
    this.#life.limits = merge(this.#life.limits, limits);
  }

  async #readReport(): Promise<Record<string, string>> {
    if (this.#plan === null) return {};
    const directory = join(this.#plan.parent, this.#plan.leaf);
    const read = async (file: string): Promise<[string, string][]> => {
      try {
        return [[file, await fs.readFile(join(directory, file), 'utf8')]];
      } catch {
        return []; // older kernels do not have all of them
      }
    };
    return Object.fromEntries((await Promise.all(this.#plan.report.map(read))).flat());
  }
}

/** Throws a RoomError for what this host cannot enforce. */
export function limitWritesOn({ cgroup, files }: Host, limits: CheckedLimits): CgroupWrite[] {
  return limitWrites(limits, cgroup.choice, (device, field) => resolveBlockDevice(device, field, files));
}

export async function writeLimits(cgroup: CgroupPlan, writes: readonly CgroupWrite[]): Promise<void> {
  for (const { file, value } of writes) await writeLimit(join(cgroup.parent, cgroup.leaf, file), value);
}

/** `r+`: cgroupfs answers the creation of a file with EACCES, which would hide that it does not exist. */
async function writeLimit(path: string, value: string): Promise<void> {
  try {
    await fs.writeFile(path, value, { flag: 'r+' });
  } catch (error) {
    const { syscall, errno } = error as NodeJS.ErrnoException;
    if (syscall === undefined || errno === undefined) throw error;
    const fault = { step: 'cgroup.write', syscall, errno: -errno, path, detail: '' };
    throw explainedFault(fault, error);
  }
}

/** What was not mentioned stays. `disk` and `files` always do. */
function merge(old: CheckedLimits, changed: CheckedLimits): CheckedLimits {
  const named = Object.entries(changed).filter(([, value]) => value !== null);
  const { disk, files } = old;
  return {
    ...old,
    ...Object.fromEntries(named),
    disk,
    files,
    io: changed.io.length > 0 ? changed.io : old.io,
  };
}
