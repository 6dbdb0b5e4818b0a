import { constants } from 'node:os';
import type { NativeFault } from '../../types/event.js';
import type { ProcessFacts } from './process-facts.js';
import { inContainer } from './surroundings.js';

/** Who said no, as far as it can be told: the kernel itself gives no more than a number. */
export interface PermissionCause {
  readonly who:
    | 'capabilities'
    | 'seccomp'
    | 'apparmor'
    | 'sysctl'
    | 'namespace-limit'
    | 'covered-proc'
    | 'file-capabilities'
    | 'file-mode'
    | 'gvisor';
  readonly why: string;
  readonly remedy: string;
}

type Refused = Pick<NativeFault, 'syscall' | 'errno' | 'path'>;

const { EACCES, ENOSPC, ENOSYS, EPERM } = constants.errno;

const namespaceCalls = new Set(['clone', 'clone3', 'unshare', 'setns']);
const mountCalls = new Set(['mount', 'fsopen', 'fsconfig', 'fsmount', 'fspick', 'open_tree', 'move_mount', 'mount_setattr', 'umount2', 'pivot_root', 'chroot']); // prettier-ignore
const fileCalls = new Set([
  'open',
  'openat',
  'openat2',
  'stat',
  'statx',
  'mkdir',
  'mkdirat',
  'chdir',
  'fchdir',
]);
const programCalls = new Set(['execve', 'execveat', 'memfd_create']);

/**
 * Tells who refused a call of native code, or null when nothing on this host explains it. The order is that of certainty:
 * what a file states first, what merely could have done it last.
 */
export function explainPermission(fault: Refused, facts: ProcessFacts): PermissionCause | null {
  const { syscall, errno } = fault;
  if (![EACCES, ENOSPC, ENOSYS, EPERM].includes(errno)) return null;
  if (facts.surroundings === 'gvisor') return gvisor(syscall);
  if (errno === ENOSPC) return namespaceCalls.has(syscall) ? namespaceLimit(facts) : null;
  // A kernel of this decade has all calls we make; Docker's and Podman's filters answer ENOSYS for clone3.
  if (errno === ENOSYS) return facts.seccompFilters > 0 ? outerFilter(syscall, facts) : null;
  if (programCalls.has(syscall)) return explainProgram(fault, facts);
  if (fileCalls.has(syscall) && errno === EACCES) return fileMode(fault, facts);
  return (
    userNamespaceSwitch(syscall, facts) ??
    missingCapability(syscall, facts) ??
    (errno === EACCES ? appArmor(syscall, facts) : null) ??
    coveredProc(fault, facts) ??
    (facts.seccompFilters > 0 ? outerFilter(syscall, facts) : appArmor(syscall, facts))
  );
}

/** Without CAP_SYS_ADMIN a user namespace is the first thing to be made, and some hosts forbid just that. */
function userNamespaceSwitch(syscall: string, facts: ProcessFacts): PermissionCause | null {
  if (facts.capabilities.includes('SYS_ADMIN')) return null;
  if (facts.unprivilegedUserNamespaces === false && namespaceCalls.has(syscall)) {
    return {
      who: 'sysctl',
      why: 'kernel.unprivileged_userns_clone is 0: only root makes user namespaces here',
      remedy: 'sysctl -w kernel.unprivileged_userns_clone=1, or run as root',
    };
  }
  if (facts.appArmorRestrictsUserNamespaces !== true) return null;
  return {
    who: 'apparmor',
    why: 'kernel.apparmor_restrict_unprivileged_userns is 1: a user namespace can be made, but gives no rights in it',
    remedy:
      'give this program an AppArmor profile with the rule "userns,", or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or run as root',
  };
}

function missingCapability(syscall: string, facts: ProcessFacts): PermissionCause | null {
  const needed = namespaceCalls.has(syscall) || mountCalls.has(syscall) ? 'SYS_ADMIN' : null;
  if (needed === null || facts.capabilities.includes(needed)) return null;
  return {
    who: 'capabilities',
    why: `this process (uid ${facts.uid}) does not have CAP_${needed}`,
    remedy: inContainer(facts.surroundings)
      ? `start the container with --cap-add ${needed}`
      : 'run as root, or give the service AmbientCapabilities=CAP_SYS_ADMIN and what else hostReport() names',
  };
}

function outerFilter(syscall: string, facts: ProcessFacts): PermissionCause {
  const engine = inContainer(facts.surroundings)
    ? `the container engine (${facts.surroundings})`
    : 'whoever started this process';
  return {
    who: 'seccomp',
    why: `a seccomp filter that ${engine} put on it forbids ${syscall}`,
    remedy: inContainer(facts.surroundings)
      ? 'start the container with --security-opt seccomp=unconfined, or with a profile that allows clone3, unshare, setns and the mount calls'
      : 'systemd: look at SystemCallFilter= and RestrictNamespaces= of the unit',
  };
}

function appArmor(syscall: string, facts: ProcessFacts): PermissionCause | null {
  if (facts.appArmorProfile === null) return null;
  return {
    who: 'apparmor',
    why: `the AppArmor profile ${facts.appArmorProfile} forbids ${syscall}; the kernel log has the line`,
    remedy: inContainer(facts.surroundings)
      ? 'start the container with --security-opt apparmor=unconfined'
      : 'extend that profile',
  };
}

/** mount_namespaces(7): a new proc or sysfs may not show what the one that is there hides. */
function coveredProc(fault: Refused, facts: ProcessFacts): PermissionCause | null {
  const mountsProc = /(?:^|\/)(?:proc|sys|sysfs)$/.test(fault.path) && mountCalls.has(fault.syscall);
  if (!mountsProc || !facts.nestedUserNamespace) return null;
  return {
    who: 'covered-proc',
    why: `parts of /proc or /sys are masked for this process, so the kernel refuses to mount a new one that would show them`,
    remedy: 'start the container with --security-opt systempaths=unconfined (Docker), or unmask=ALL (Podman)',
  };
}

function namespaceLimit(facts: ProcessFacts): PermissionCause {
  if (facts.maxUserNamespaces === 0) {
    return {
      who: 'sysctl',
      why: 'user.max_user_namespaces is 0: user namespaces are switched off',
      remedy: 'sysctl -w user.max_user_namespaces=15000',
    };
  }
  return {
    who: 'namespace-limit',
    why: 'a limit of namespaces is reached: one of /proc/sys/user/max_*_namespaces, or 32 levels of nesting',
    remedy: 'raise the limit, or end rooms',
  };
}

function explainProgram(fault: Refused, facts: ProcessFacts): PermissionCause | null {
  if (fault.errno === EACCES && facts.memfdNoexec === 2) {
    return {
      who: 'sysctl',
      why: 'vm.memfd_noexec is 2: room-init cannot run from memory',
      remedy: 'sysctl -w vm.memfd_noexec=1 (programs that ask for it may then run from memory)',
    };
  }
  if (fault.errno === EPERM && fault.syscall !== 'memfd_create') {
    return {
      who: 'file-capabilities',
      why: `${fault.path} has file capabilities that a room cannot grant`,
      remedy: 'remove them in the plank (setcap -r), or name them in capabilities',
    };
  }
  if (fault.errno === EACCES && fault.syscall !== 'memfd_create') {
    return {
      who: 'file-mode',
      why: `${fault.path} is not executable for the user of the room, or lies on a mount with noExec`,
      remedy: 'chmod +x it in the plank, or mount it without noExec',
    };
  }
  return null;
}

function fileMode(fault: Refused, facts: ProcessFacts): PermissionCause {
  const profile = facts.appArmorProfile === null ? '' : `, or the AppArmor profile ${facts.appArmorProfile}`;
  return {
    who: 'file-mode',
    why: `uid ${facts.uid} may not reach ${fault.path}: the mode of it or of a directory above${profile}`,
    remedy: 'change the mode, or run as its owner',
  };
}

function gvisor(syscall: string): PermissionCause {
  return {
    who: 'gvisor',
    why: `gVisor answers in place of a Linux kernel and does not have ${syscall} as rooms need it`,
    remedy: 'use the runtime runc for this container',
  };
}
