import type { BindPlan, IdentityPlan, MountPlan } from '../../types/plan.js';
import type {
  CoverPlan,
  ResolvedBind,
  ResolvedMount,
  ResolvedRoom,
  ResolvedStored,
  ResolvedUser,
} from '../host/resolved-room.js';
import { CONFINED, KERNEL_FILE_SYSTEM, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_RDONLY } from './mount-attributes.js';

/** Group `tty` of every distribution since the 1990s; grantpt(3) and mesg(1) count on it. */
const TTY_GROUP = 5;

/** What Docker and systemd-nspawn give /dev/shm as well; programs that need more mount a tmpfs of their own there. */
const SHARED_MEMORY_BYTES = 64 * 1024 * 1024;

const dev: MountPlan = { kind: 'dev', target: '/dev' };

/** The same for all rooms, made and frozen once. */
const rest: readonly MountPlan[] = [
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

/**
 * What the spec and the plank say. They come after the kernel's, but never lie on or below one of those: the spec refuses
 * such targets, and room-init refuses links of the plank that lead there.
 */
export function planMounts({ identity, user, plank, mounts }: ResolvedRoom): MountPlan[] {
  return [
    ...plank.binds.map((bind) => planBind(bind, identity, user)),
    ...mounts.map((mount) => planMount(mount, identity, user)),
  ];
}

/** Where programs look for what they may take. Its files belong to root of the host. */
const ownCgroup: MountPlan = {
  kind: 'cgroup',
  target: '/sys/fs/cgroup',
  attributes: KERNEL_FILE_SYSTEM | MOUNT_ATTR_RDONLY,
};

/** What the kernel provides, in the order in which it is made: covers last, so that nothing lies on top of them. */
export function planKernelMounts(
  identity: IdentityPlan,
  covers: readonly CoverPlan[],
  seesCgroup: boolean,
): MountPlan[] {
  const devpts: MountPlan = { kind: 'devpts', target: '/dev/pts', gid: hostId(identity, TTY_GROUP) };
  return [dev, devpts, ...rest, ...(seesCgroup ? [ownCgroup] : []), ...covers];
}

function planMount(mount: ResolvedMount, identity: IdentityPlan, user: ResolvedUser): MountPlan {
  if (mount.kind === 'dropzone') {
    const attributes = CONFINED | (mount.noExec ? MOUNT_ATTR_NOEXEC : 0);
    return { kind: 'dropzone', fd: mount.fd, target: mount.at, attributes };
  }
  if (mount.kind === 'nix-inbox')
    return { kind: 'dropzone', fd: mount.fd, target: mount.at, attributes: CONFINED };
  if (mount.kind === 'proc') return { kind: 'proc', target: mount.at, attributes: KERNEL_FILE_SYSTEM };
  if (mount.kind !== 'tmpfs') return planBind(mount, identity, user);
  return {
    kind: 'tmpfs',
    target: mount.at,
    bytes: mount.bytes,
    mode: mount.mode,
    attributes: CONFINED | (mount.noExec ? MOUNT_ATTR_NOEXEC : 0),
  };
}

function planBind(
  bind: ResolvedBind | ResolvedStored,
  identity: IdentityPlan,
  user: ResolvedUser,
): MountPlan {
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

/** What rooms before it have built. On the host it is root's, as all of a store is. */
export function planLayer(source: string | null, identity: IdentityPlan): BindPlan | null {
  if (source === null) return null;
  const root = hostId(identity, 0);
  return {
    kind: 'bind',
    source,
    sourceKind: 'directory',
    target: '/',
    attributes: CONFINED | MOUNT_ATTR_RDONLY,
    recursive: false,
    idmap: identity.kind === 'host' ? null : { hostUid: 0, hostGid: 0, roomUid: root, roomGid: root },
  };
}

/** The id on the host behind an id of the room. */
export function hostId(identity: IdentityPlan, id: number): number {
  return identity.kind === 'mapped' ? identity.base + id : id;
}
