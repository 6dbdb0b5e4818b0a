import type { ErrorCode } from '../errors.js';
import type { CgroupDirectory, CgroupFacts } from './cgroup-facts.js';
import { selfLeaf } from './cgroup-facts.js';
import { inContainer, type Surroundings } from './surroundings.js';

/** Why something about cgroups is not possible here, and what to do about it. */
export interface CgroupRefusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly remedy: string;
}

/** No cgroup v2 at all. */
export function absent(facts: CgroupFacts): CgroupRefusal {
  const v1 = facts.layout === 'v1' ? '; this host uses cgroup v1' : '';
  return {
    code: 'ERR_ROOM_CGROUP_ABSENT',
    reason: `cgroup v2 is not mounted${v1}`,
    remedy: inContainer(facts.surroundings)
      ? containerRemedy(facts.surroundings)
      : `mount it (mount -t cgroup2 none /sys/fs/cgroup)${facts.layout === 'v1' ? `, or ${bootRemedy}` : ''}`,
  };
}

/** We may not make cgroups at the place we were going to use. */
export function undelegated(facts: CgroupFacts, reason: string): CgroupRefusal {
  return { code: 'ERR_ROOM_CGROUP_DELEGATION', reason, remedy: delegationRemedy(facts) };
}

/** A controller that the directory does not offer. */
export function unavailable(
  facts: CgroupFacts,
  directory: CgroupDirectory,
  controller: string,
): CgroupRefusal {
  const v1Mount = facts.heldByV1[controller];
  if (v1Mount !== undefined) {
    return {
      code: 'ERR_ROOM_CGROUP_HYBRID',
      reason: `held by cgroup v1${v1Mount === '' ? '' : ` (mounted at ${v1Mount})`}`,
      remedy: bootRemedy,
    };
  }
  if (facts.disabled.includes(controller)) {
    return {
      code: 'ERR_ROOM_CGROUP_CONTROLLER',
      reason: 'switched off by cgroup_disable= on the kernel command line',
      remedy: `boot without cgroup_disable=${controller}`,
    };
  }
  if (directory.root) {
    return {
      code: 'ERR_ROOM_CGROUP_CONTROLLER',
      reason: 'the kernel was built without it',
      remedy: 'boot a kernel that has it',
    };
  }
  return {
    code: 'ERR_ROOM_CGROUP_CONTROLLER',
    reason: `the cgroups above ${directory.path} do not pass it on`,
    remedy: inContainer(facts.surroundings)
      ? containerRemedy(facts.surroundings)
      : `systemd: Delegate=cpu io memory pids for the unit; for a user session in a drop-in of user@.service`,
  };
}

/** The controller is there, but our cgroup has processes in it ("no internal processes"), and they are not only us. */
export function crowded(
  facts: CgroupFacts,
  directory: CgroupDirectory,
  others: number | null,
): CgroupRefusal {
  const who = others === null ? 'processes that cannot be listed are' : plural(others);
  return undelegated(facts, `${directory.path} cannot hand it to rooms while ${who} in it`);
}

/** The controller could be had by moving this process one cgroup down, which nobody allowed. */
export function needsConsent(facts: CgroupFacts, directory: CgroupDirectory): CgroupRefusal {
  return {
    code: 'ERR_ROOM_CGROUP_DELEGATION',
    reason: `${directory.path} cannot hand it to rooms while this process itself is in it`,
    remedy:
      `open the Anchor with { cgroup: { delegate: true } }: it moves this process into ${directory.path}/${selfLeaf} ` +
      `while the Anchor is open. Or ${delegationRemedy(facts)}`,
  };
}

const bootRemedy =
  'boot with systemd.unified_cgroup_hierarchy=1, or with cgroup_no_v1=all, so that cgroup v2 gets it';

function delegationRemedy(facts: CgroupFacts): string {
  if (inContainer(facts.surroundings)) return containerRemedy(facts.surroundings);
  if (facts.surroundings === 'systemd') {
    return (
      'start it with systemd-run --scope -p Delegate=yes … (add --user without root), ' +
      `or give its unit Delegate=yes and DelegateSubgroup=${selfLeaf}`
    );
  }
  return 'make a cgroup for rooms that this user may write, and open the Anchor with { cgroup: { parent: … } }';
}

function containerRemedy(surroundings: Surroundings): string {
  switch (surroundings) {
    case 'docker':
    case 'podman':
      return `start the container with --cgroupns=private and a writable /sys/fs/cgroup (${surroundings} run --privileged --cgroupns=private, or -v /sys/fs/cgroup:/sys/fs/cgroup:rw --cgroupns=host and { cgroup: { parent: … } })`;
    case 'kubernetes':
      return 'run the pod privileged, or with a runtime class that mounts /sys/fs/cgroup writable';
    case 'lxc':
      return 'give the container lxc.mount.auto = cgroup:rw:force, or security.nesting=true';
    case 'gvisor':
      return 'gVisor has no cgroup v2 controllers for its guests: use another runtime for this container';
    default:
      return 'make /sys/fs/cgroup writable in the container';
  }
}

function plural(count: number): string {
  return count === 1 ? '1 other process is' : `${count} other processes are`;
}
