import { capabilityNames } from '../../spec/capabilities.js';
import type { CheckedSeccomp } from '../../spec/seccomp.js';
import { compilePolicy } from './compile.js';
import type { FilterProgram } from './compile.js';
import { defaultPolicy } from './default-policy.js';
import { ociPolicy } from './oci.js';
import { assertRoomInitAllowed } from './room-init.js';

/** What a profile may depend on besides itself. */
export interface SeccompSurroundings {
  /** Numbers of capabilities(7) that the room is granted. */
  readonly capabilities: readonly number[];
  /** As uname(2) says it. Default: the oldest kernel that rooms run on. Only rules with `minKernel` look at it. */
  readonly kernelRelease?: string;
}

export interface SeccompFilter extends FilterProgram {
  /** Names in an OCI profile that are no syscalls of x86-64, or none known here. */
  readonly ignoredNames: readonly string[];
}

const oldestKernel = [5, 15] as const;

/** The filter of a room, as bytes for its plan. Throws ERR_ROOM_SECCOMP_PROFILE naming the place. */
export function compileSeccomp(checked: CheckedSeccomp, surroundings: SeccompSurroundings): Uint8Array {
  return compileFilter(checked, surroundings).program;
}

/** The same with what there is to say about it. */
export function compileFilter(checked: CheckedSeccomp, surroundings: SeccompSurroundings): SeccompFilter {
  const { policy, ignoredNames } =
    checked.kind === 'default'
      ? { policy: defaultPolicy(checked.allow), ignoredNames: [] }
      : ociPolicy(checked.profile, {
          capabilities: surroundings.capabilities.map(
            (number) => `CAP_${capabilityNames[number] ?? String(number)}`,
          ),
          kernel: kernelVersion(surroundings.kernelRelease),
        });
  const filter = compilePolicy(policy);
  assertRoomInitAllowed(filter.program);
  return Object.freeze({ ...filter, ignoredNames: Object.freeze(ignoredNames) });
}

/**
 * Remembers filters that were compiled. Compiling takes milliseconds, which is longer than a room takes to start. Belongs
 * to whoever makes it; keeps the filters used last.
 */
export class SeccompCache {
  private readonly filters = new Map<string, SeccompFilter>();

  constructor(private readonly capacity = 16) {}

  compile(checked: CheckedSeccomp, surroundings: SeccompSurroundings): SeccompFilter {
    const key = cacheKey(checked, surroundings);
    const known = this.filters.get(key);
    // A Map keeps the order of insertion: what was used last goes to the end, what goes first was used longest ago.
    if (known !== undefined) this.filters.delete(key);
    const filter = known ?? compileFilter(checked, surroundings);
    this.filters.set(key, filter);
    if (this.filters.size > this.capacity) {
      for (const oldest of this.filters.keys()) {
        this.filters.delete(oldest);
        break;
      }
    }
    return filter;
  }
}

function cacheKey(checked: CheckedSeccomp, { capabilities, kernelRelease }: SeccompSurroundings): string {
  // Only an OCI profile looks at anything else.
  return JSON.stringify(checked.kind === 'default' ? checked : [checked, capabilities, kernelRelease]);
}

function kernelVersion(release: string | undefined): readonly [number, number] {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release ?? '') ?? [];
  return major === undefined || minor === undefined ? oldestKernel : [Number(major), Number(minor)];
}
