import type { IdentityPlan, MountPlan } from '../../types/plan.js';
import type { ResolvedBind, ResolvedMount, ResolvedRoom, ResolvedUser } from '../host/resolved-room.js';
import { CONFINED, KERNEL_FILE_SYSTEM, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_RDONLY } from './mount-attributes.js';

/** Group `tty` of every distribution since the 1990s; grantpt(3) and mesg(1) count on it. */
const TTY_GROUP = 5;

/** What Docker and systemd-nspawn give /dev/shm as well; programs that need more mount a tmpfs of their own there. */
const SHARED_MEMORY_BYTES = 64 * 1024 * 1024;

/**
 * All mounts of a room, in the order in which they are made. What the kernel provides comes first, so that a declared
 * mount may lie on top of it (`/dev/shm`, for example); covers come last, so that nothing lies on top of them.
 */
export function planMounts(resolved: ResolvedRoom): MountPlan[] {
  const { identity, user } = resolved;
  return [
    ...kernelMounts(identity),
    ...resolved.plank.binds.map((bind) => planBind(bind, identity, user)),
    ...resolved.mounts.map((mount) => planMount(mount, identity, user)),
    ...resolved.covers,
  ];
}

function kernelMounts(identity: IdentityPlan): MountPlan[] {
  return [
    { kind: 'dev', target: '/dev' },
    { kind: 'devpts', target: '/dev/pts', gid: hostId(identity, TTY_GROUP) },
    {
      kind: 'tmpfs',
      target: '/dev/shm',
      bytes: SHARED_MEMORY_BYTES,
      mode: 0o1777,
      attributes: KERNEL_FILE_SYSTEM,
    },
    { kind: 'mqueue', target: '/dev/mqueue', attributes: KERNEL_FILE_SYSTEM },
    { kind: 'proc', target: '/proc', attributes: KERNEL_FILE_SYSTEM },
    { kind: 'sysfs', target: '/sys', attributes: KERNEL_FILE_SYSTEM | MOUNT_ATTR_RDONLY },
  ];
}

function planMount(mount: ResolvedMount, identity: IdentityPlan, user: ResolvedUser): MountPlan {
  if (mount.kind === 'bind') return planBind(mount, identity, user);
  return {
    kind: 'tmpfs',
    target: mount.at,
    bytes: mount.bytes,
    mode: mount.mode,
    attributes: CONFINED | (mount.noExec ? MOUNT_ATTR_NOEXEC : 0),
  };
}

function planBind(bind: ResolvedBind, identity: IdentityPlan, user: ResolvedUser): MountPlan {
  return {
    kind: 'bind',
    source: bind.source,
    sourceKind: bind.sourceKind,
    target: bind.at,
    attributes:
      CONFINED | (bind.access === 'read' ? MOUNT_ATTR_RDONLY : 0) | (bind.noExec ? MOUNT_ATTR_NOEXEC : 0),
    recursive: bind.recursive,
    idmap:
      bind.owner === null
        ? null
        : {
            hostUid: bind.owner.uid,
            hostGid: bind.owner.gid,
            roomUid: hostId(identity, user.uid),
            roomGid: hostId(identity, user.gid),
          },
  };
}

/** The id on the host behind an id of the room. */
export function hostId(identity: IdentityPlan, id: number): number {
  return identity.kind === 'mapped' ? identity.base + id : id;
}
