import { RoomError } from '../../errors.js';
import type { CheckedProfile, CheckedRule, CheckedScope } from '../../spec/seccomp.js';

/** What a profile of Docker asks about the container it is for. */
export interface Surroundings {
  /** Capabilities the room has, as profiles write them: `CAP_SYS_ADMIN`. */
  readonly capabilities: readonly string[];
  readonly kernel: readonly [major: number, minor: number];
}

/** x86-64, as Docker's `arches` has it. */
const goArchitecture = 'amd64';

/** null: the profile names none, which means the native one. */
export function architecturesOf(profile: CheckedProfile): readonly string[] | null {
  const { architectures, archMap } = profile;
  if (architectures.length > 0 && archMap.length > 0) {
    throw new RoomError(
      'ERR_ROOM_SECCOMP_PROFILE',
      'seccomp.profile.archMap: `architectures` is there as well; a profile has one of them.',
    );
  }
  if (architectures.length > 0) return architectures;
  return archMap.length > 0 ? archMap.map(({ architecture }) => architecture) : null;
}

/** Is the rule in force? As Docker decides it. */
export function inScope({ includes, excludes }: CheckedRule, surroundings: Surroundings): boolean {
  return holdsAll(includes, surroundings) && !holdsAny(excludes, surroundings);
}

function holdsAll(
  { caps, arches, minKernel }: CheckedScope,
  { capabilities, kernel }: Surroundings,
): boolean {
  return (
    caps.every((name) => capabilities.includes(name)) &&
    (arches.length === 0 || arches.includes(goArchitecture)) &&
    (minKernel === null || isAtLeast(kernel, minKernel))
  );
}

function holdsAny(
  { caps, arches, minKernel }: CheckedScope,
  { capabilities, kernel }: Surroundings,
): boolean {
  return (
    caps.some((name) => capabilities.includes(name)) ||
    arches.includes(goArchitecture) ||
    (minKernel !== null && isAtLeast(kernel, minKernel))
  );
}

function isAtLeast([major, minor]: readonly [number, number], least: readonly [number, number]): boolean {
  return major > least[0] || (major === least[0] && minor >= least[1]);
}
