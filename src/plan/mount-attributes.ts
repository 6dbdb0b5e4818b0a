/** Bits of `attr_set` in struct mount_attr, linux/mount.h; see mount_setattr(2). They are the same on every architecture. */
export const MOUNT_ATTR_RDONLY = 0x1;
export const MOUNT_ATTR_NOSUID = 0x2;
export const MOUNT_ATTR_NODEV = 0x4;
export const MOUNT_ATTR_NOEXEC = 0x8;

/** What every mount of a room has: no set-uid program and no device node on it means anything. */
export const CONFINED = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

/** Kernel file systems hold no programs either. */
export const KERNEL_FILE_SYSTEM = CONFINED | MOUNT_ATTR_NOEXEC;
