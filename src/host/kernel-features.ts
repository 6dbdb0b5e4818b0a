/** What stops working without a feature. */
export type FeatureNeed =
  /** No room can be made. */
  | 'rooms'
  /** Rooms can be made, but not all kinds. */
  | 'some-rooms'
  /** There is another way, which costs more or guarantees less. */
  | 'better';

export interface KernelFeature {
  readonly need: FeatureNeed;
  /** The first Linux version with it; for people, never compared with anything. */
  readonly since: string;
  /** What rooms use it for, and what happens without. */
  readonly use: string;
  /** The module or option that brings it, where it is not a matter of the version. */
  readonly from?: string;
}

/**
 * By the names that `probeKernel` of the addon reports. docs/kernel.md says the same at length. A distribution may have
 * brought a feature to an older kernel or left it out of a newer one, so only the probe decides.
 */
export const kernelFeatures = {
  clone3: { need: 'rooms', since: '5.3', use: 'starts a room in all its namespaces with one call' },
  'user-namespace': {
    need: 'some-rooms',
    since: '3.8',
    use: "gives a room ids of its own; without it only identity: 'host' is possible",
    from: 'CONFIG_USER_NS',
  },
  'user-namespace-map': {
    need: 'some-rooms',
    since: '3.8',
    use: "maps 65,536 ids of a room; without it only identity: 'host' is possible",
  },
  'cgroup-namespace': {
    need: 'rooms',
    since: '4.6',
    use: 'hides where in the tree of the host the cgroup of a room is',
    from: 'CONFIG_CGROUPS',
  },
  'network-namespace': {
    need: 'rooms',
    since: '3.0',
    use: 'gives a room a network of its own, with nothing in it but loopback',
    from: 'CONFIG_NET_NS',
  },
  'mount-api': {
    need: 'rooms',
    since: '5.2',
    use: 'mounts by file descriptor (fsopen, open_tree, move_mount)',
  },
  'mount-setattr': { need: 'rooms', since: '5.12', use: 'makes whole trees read-only and mounts idmapped' },
  openat2: { need: 'rooms', since: '5.6', use: 'resolves paths of a room without leaving its root' },
  'close-range': { need: 'rooms', since: '5.9', use: 'keeps every descriptor of this process out of rooms' },
  pidfd: {
    need: 'rooms',
    since: '5.4',
    use: 'waits for rooms and signals them without confusing one PID with another',
  },
  overlay: {
    need: 'rooms',
    since: '3.18',
    use: 'lays a writable layer over a plank',
    from: 'module overlay, CONFIG_OVERLAY_FS',
  },
  squashfs: {
    need: 'some-rooms',
    since: '2.6.29',
    use: 'mounts *.sqsh planks; without it use erofs ones',
    from: 'module squashfs, CONFIG_SQUASHFS',
  },
  erofs: {
    need: 'some-rooms',
    since: '5.4',
    use: 'mounts erofs planks; without it use squashfs ones',
    from: 'module erofs, CONFIG_EROFS_FS',
  },
  loop: {
    need: 'some-rooms',
    since: '5.8',
    use: 'turns a plank into a block device; without it only erofs planks on Linux 6.12 can be mounted',
    from: 'module loop, CONFIG_BLK_DEV_LOOP',
  },
  'tmpfs-idmap': {
    need: 'better',
    since: '6.3',
    use: "shows the skeleton of the plank 'host' as owned by root of the room; without it nobody owns it",
  },
  'memfd-exec': {
    need: 'rooms',
    since: '3.19',
    use: 'runs room-init from sealed memory that no room can change',
  },
  seccomp: { need: 'rooms', since: '3.17', use: 'filters system calls', from: 'CONFIG_SECCOMP_FILTER' },
  'pid-max': {
    need: 'better',
    since: '6.14',
    use: 'leaves half of all process numbers to others when a room without limits.processes takes all it can get',
  },
  'clone-into-cgroup': {
    need: 'some-rooms',
    since: '5.7',
    use: 'starts a room in its cgroup; without it there are rooms only on hosts without cgroup v2',
  },
  'clone-detached-mount': {
    need: 'better',
    since: '6.15',
    use: 'clones prepared trees that are attached nowhere; without it they are kept in a namespace of their own',
  },
} as const satisfies Readonly<Record<string, KernelFeature>>;

export type KernelFeatureName = keyof typeof kernelFeatures;
