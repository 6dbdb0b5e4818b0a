import { RoomError } from '../../errors.js';
import { ALLOW, errnoNumbers, failWith } from './actions.js';
import { defaultProfile } from './default-profile.js';
import type { FilterPolicy } from './policy.js';
import { newestSyscall, syscallNumbers } from './syscalls-x64.js';

/** The default profile without what is said about the names in `allow`, for which every condition is dropped. */
export function defaultPolicy(allow: readonly string[]): FilterPolicy {
  const denied = new Set<string>(defaultProfile.flatMap(({ names }) => names));
  allow.forEach((name, index) => {
    if (!denied.has(name)) refuse(name, `seccomp.allow[${index}]`);
  });
  const granted = new Set(allow);
  const rules = defaultProfile.flatMap(({ names, when = [[]], errno }) =>
    names
      .filter((name) => !granted.has(name))
      .flatMap((name) =>
        when.map((conditions) => ({
          number: syscallNumbers[name],
          when: conditions,
          action: failWith(errnoNumbers[errno]),
        })),
      ),
  );
  return { rules, otherwise: ALLOW, newest: newestSyscall };
}

function refuse(name: string, place: string): never {
  const allowed = Object.hasOwn(syscallNumbers, name);
  throw new RoomError(
    'ERR_ROOM_SECCOMP_PROFILE',
    allowed
      ? `${place}: the default profile does not deny '${name}'.`
      : `${place}: '${name}' is not a syscall of x86-64 known here.`,
    { hint: 'docs/seccomp.md lists what the default profile denies.' },
  );
}
