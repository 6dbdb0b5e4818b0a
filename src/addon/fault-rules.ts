import type { ErrorCode } from '../errors.js';
import { copyFaultRules } from './copy-fault-rules.js';

/** How a failed step becomes an error. */
export interface FaultRule {
  /** Completes "cannot …". `%` stands for what the step worked on. */
  readonly doing: string;
  /** Default `ERR_ROOM_LAUNCH`. */
  readonly code?: ErrorCode;
  readonly hint?: string;
  /** What differs for an errno; a key may name several, separated by a space. */
  readonly on?: Readonly<Record<string, { readonly code?: ErrorCode; readonly hint?: string }>>;
}

const delegation = {
  code: 'ERR_ROOM_CGROUP_DELEGATION',
  hint: 'Run as root, or in a unit with Delegate=yes (systemd-run --user --scope -p Delegate=yes …).',
} as const;

const refused = { code: 'ERR_ROOM_PERMISSION' } as const;

const noProcess = {
  hint: 'A limit on processes is reached: pids.max of a parent cgroup, ulimit -u or sysctl kernel.pid_max.',
} as const;

/** Steps of native code, in the order in which they happen. */
export const faultRules: Readonly<Record<string, FaultRule>> = {
  // When an Anchor opens.
  'init.open': { doing: 'open room-init at %', on: { ENOENT: { code: 'ERR_ROOM_ADDON_LOAD' } } },
  'init.seal': { doing: 'take room-init into memory', on: { 'EACCES EPERM': refused } },
  launchers: {
    doing: 'start the threads that make rooms',
    on: { EAGAIN: { hint: 'A limit on threads is reached: pids.max of the cgroup, or ulimit -u.' } },
  },
  watcher: { doing: 'start the thread that watches rooms' },
  seclude: {
    doing: 'part the threads that make rooms from the mounts and files of this process',
    on: { 'EPERM EACCES': refused },
  },
  'template.attach': { doing: 'keep a template', on: { 'EPERM EACCES': refused } },
  'cgroup.subtree': {
    doing: 'make the cgroup of the Anchor, %',
    on: {
      'EACCES EPERM EROFS': delegation,
      ENOENT: { code: 'ERR_ROOM_CGROUP_DELEGATION', hint: 'A directory above it does not exist.' },
      EBUSY: {
        code: 'ERR_ROOM_CGROUP_DELEGATION',
        hint: 'Processes live in that cgroup ("no internal processes" rule); name another parent.',
      },
    },
  },
  keeper: { doing: 'start the process that clears up when this one is killed' },
  'anchor.closed': { doing: 'use an Anchor that is closed', code: 'ERR_ROOM_CLOSED' },

  // Prepared by a launcher thread, before anything of the room exists.
  'open.plank': {
    doing: 'open the plank %',
    on: {
      'ENOENT ENOTDIR ELOOP ENAMETOOLONG': { code: 'ERR_ROOM_PLANK_NOT_FOUND' },
      EISDIR: {
        code: 'ERR_ROOM_PLANK_INVALID',
        hint: 'A plank is a file: make one of a directory with `anchor plank build`.',
      },
      'EACCES EPERM': refused,
    },
  },
  'loop.attach': {
    doing: 'attach an image to the loop device %',
    on: {
      'ENOENT ENODEV ENXIO': {
        code: 'ERR_ROOM_PLANK_UNSUPPORTED',
        hint: 'This host has no loop devices: modprobe loop. In a container, give it /dev/loop-control and /dev/loop*.',
      },
      'EACCES EPERM': refused,
      'EBUSY ENOSPC': {
        hint: 'Every loop device is taken; see losetup --list and the module parameter max_loop.',
      },
    },
  },
  'mount.plank': {
    doing: 'mount the plank %',
    on: {
      'EINVAL EUCLEAN EIO EBADMSG ENOTBLK': {
        code: 'ERR_ROOM_PLANK_INVALID',
        hint: 'The file is damaged, or was packed with a compression that this kernel lacks; see `anchor plank verify`.',
      },
      'ENODEV ENOTSUP': {
        code: 'ERR_ROOM_PLANK_UNSUPPORTED',
        hint: 'The kernel lacks this file system: modprobe squashfs (or erofs).',
      },
      'EACCES EPERM': refused,
    },
  },
  'host.enter': { doing: 'look at the mounts of the host', on: { 'EPERM EACCES': refused } },
  skeleton: { doing: "make the tree of the plank 'host'", on: { 'EPERM EACCES': refused } },
  'plank.read': { doing: 'read % of the plank' },
  'lower.clone': { doing: 'take the mount of the plank %', on: { 'EPERM EACCES': refused } },
  'idmap.try': { doing: 'try whether a file system takes the ids of rooms' },
  'lower.idmap': { doing: 'show the plank % with the ids of the room', on: { 'EPERM EACCES': refused } },
  'cgroup.create': {
    doing: 'make the cgroup %',
    on: {
      'EACCES EPERM EROFS': delegation,
      ENOENT: {
        code: 'ERR_ROOM_CGROUP_DELEGATION',
        hint: "The Anchor's own cgroup was removed by somebody else.",
      },
      EAGAIN: { hint: 'cgroup.max.descendants or cgroup.max.depth of a parent is reached.' },
    },
  },
  'cgroup.write': {
    doing: 'set a limit in %',
    on: {
      ENOENT: { code: 'ERR_ROOM_CGROUP_CONTROLLER', hint: 'The controller is not enabled for this cgroup.' },
      'EACCES EPERM EROFS': delegation,
      EBUSY: {
        code: 'ERR_ROOM_CGROUP_DELEGATION',
        hint: 'The cgroup holds processes of its own ("no internal processes" rule); let the Anchor use another parent.',
      },
      'ENODEV ENXIO': { hint: 'limits.io names a block device that does not exist.' },
      ERANGE: { hint: 'The kernel refuses the value.' },
    },
  },
  'userns.create': {
    doing: 'make a user namespace',
    on: {
      'EPERM EACCES ENOSYS EINVAL': { code: 'ERR_ROOM_USERNS_UNAVAILABLE' },
      'ENOSPC EUSERS': { hint: 'The limit on user namespaces is reached: sysctl user.max_user_namespaces.' },
      EAGAIN: noProcess,
    },
  },
  'upper.create': { doing: 'make the writable layer', on: { 'EPERM EACCES': refused } },
  'mount.bind': {
    doing: 'open the mount source %',
    on: {
      'ENOENT ENOTDIR ELOOP EACCES EISDIR': { code: 'ERR_ROOM_MOUNT_SOURCE' },
      EPERM: refused,
    },
  },
  'mount.idmap': {
    doing: 'show % with the ids of the room',
    on: {
      'EINVAL ENOTSUP': {
        code: 'ERR_ROOM_MOUNT_IDMAP',
        hint: "This file system takes no idmapped mount on this kernel: mount it read-only, copy it in, or use identity: 'host'.",
      },
      EPERM: refused,
    },
  },
  devices: { doing: 'make /dev', on: { 'EPERM EACCES': refused } },
  'dropzone.space': {
    doing: 'reserve the space of a dropzone',
    code: 'ERR_VAULT_DROPZONE',
    on: {
      'ENOSPC EDQUOT EFBIG': {
        code: 'ERR_VAULT_NO_SPACE',
        hint: 'Ask for less (`size`), or make room: `anchor vault gc`.',
      },
      ENOTSUP: { hint: 'The file system of the vault cannot reserve space: use ext4, XFS or btrfs.' },
    },
  },
  'dropzone.mount': {
    doing: 'mount a dropzone',
    code: 'ERR_VAULT_DROPZONE',
    on: { 'EPERM EACCES': refused, 'ENODEV ENOSYS': { hint: 'This kernel has no ext4: modprobe ext4.' } },
  },
  'dropzone.seal': {
    doing: 'stop all writing to a dropzone',
    code: 'ERR_VAULT_DROPZONE',
    on: {
      EBUSY: {
        hint: 'Somebody outside of the room has a file of it open for writing, by a socket that they share.',
      },
    },
  },
  'mount.dropzone': { doing: 'take a dropzone into the room' },
  'mount.tmpfs': { doing: 'make a tmpfs', on: { 'EPERM EACCES': refused } },
  'mount.devpts': { doing: 'make the terminals of the room', on: { 'EPERM EACCES': refused } },
  'pty.open': {
    doing: 'open a pseudo-terminal',
    on: { ENOSPC: { hint: 'sysctl kernel.pty.max is reached.' } },
  },
  stdio: {
    doing: 'prepare stdin, stdout and stderr',
    on: {
      EBADF: { hint: 'A number in `stdio` is not an open fd.' },
      EISDIR: {
        hint: 'An fd in `stdio` is a directory, from which a room could climb to the root of the host.',
      },
    },
  },
  clone: {
    doing: 'start the room',
    on: {
      EAGAIN: noProcess,
      'EPERM EACCES': refused,
      'ENOSPC EUSERS': { hint: 'A limit below sysctl user.max_*_namespaces is reached.' },
      ENOMEM: { hint: 'The kernel has no memory for one more namespace.' },
      EBUSY: { code: 'ERR_ROOM_CGROUP_DELEGATION' },
    },
  },

  control: { doing: 'make the socket of room-init' },
  launch: { doing: 'take over the descriptors of the room' },
  watch: {
    doing: 'watch the room',
    on: {
      ENOSPC: { hint: 'The limit on what may be watched is reached: sysctl fs.epoll.max_user_watches.' },
    },
  },

  'room.memory': {
    doing: 'start the room, whose room-init the kernel has killed for want of memory',
    code: 'ERR_ROOM_INIT_DIED',
    hint: 'Raise limits.memory, or the limit of a cgroup above.',
  },

  // In the child, before execve, and in room-init, before it runs anything.
  'room.request': {
    doing: 'read what the room shall be',
    on: {
      EMFILE: { hint: 'The limit on open files of this process (ulimit -n) is too low for so many mounts.' },
    },
  },
  keyring: {
    doing: 'leave the keys of this session',
    on: { EDQUOT: { hint: 'sysctl kernel.keys.root_maxkeys is reached.' } },
  },
  'net.loopback': { doing: 'raise the loopback interface' },
  pids: { doing: 'limit the process numbers of the room', on: { 'EPERM EACCES': refused } },
  'net.ports': { doing: 'let everybody in the room listen on low ports', on: { 'EPERM EACCES': refused } },
  'cgroup.namespace': { doing: 'make a cgroup namespace' },
  'root.upper': { doing: 'attach the writable layer' },
  'root.layer': { doing: 'attach the layer with what rooms before it have built' },
  'root.overlay': {
    doing: 'lay the writable layer over the plank',
    hint: 'The kernel needs overlayfs: modprobe overlay.',
  },
  'root.attach': { doing: 'attach the root' },
  'mount.target': {
    doing: 'make the mount target % in the room',
    code: 'ERR_ROOM_MOUNT_TARGET',
    on: {
      'ENOTDIR EISDIR EEXIST': {
        hint: 'Something of another kind is there already: a file where a directory is needed, or the reverse.',
      },
      'EXDEV ELOOP': {
        hint: 'A symbolic link in the plank leads out of the room, or to /proc, /sys or /dev.',
      },
      'ENOSPC EDQUOT': { hint: 'limits.disk or limits.files is too small even for the mount targets.' },
      EROFS: { hint: 'The target lies in a read-only mount: make the directory in its source.' },
    },
  },
  'mount.attach': { doing: 'mount at % in the room', code: 'ERR_ROOM_MOUNT_TARGET' },
  'mount.new': { doing: 'make the file system for %', on: { 'EPERM EACCES': refused } },
  'mount.mask': { doing: 'hide %' },
  'mount.read-only': { doing: 'make % read-only' },
  'root.seal': { doing: 'make the root read-only' },
  'root.enter': { doing: 'enter the root' },
  hostname: { doing: 'set the host name' },
  rlimit: {
    doing: 'set the resource limits',
    on: {
      EPERM: { code: 'ERR_ROOM_PERMISSION', hint: 'Raising a hard limit needs CAP_SYS_RESOURCE.' },
      EINVAL: { hint: 'The kernel refuses a value of `rlimits`.' },
    },
  },
  'user.enter': { doing: 'enter the user namespace' },
  'user.ids': { doing: 'take the ids of the room' },
  privileges: { doing: 'give up privileges' },
  seccomp: {
    doing: 'install the seccomp filter',
    on: { 'EINVAL ENOMEM': { code: 'ERR_ROOM_SECCOMP_PROFILE' }, 'ENOSYS EPERM EACCES': refused },
  },
  'exec.init': { doing: 'start room-init' },

  // While it lives, and after.
  'run.request': {
    doing: 'ask room-init to start a process',
    on: {
      'EPIPE ECONNRESET ENOENT': { code: 'ERR_ROOM_INIT_DIED' },
      ETIMEDOUT: {
        hint: 'room-init does not get to run: somebody stopped it, or the machine has no CPU time left for it.',
      },
      EAGAIN: { hint: 'Hundreds of requests wait already: the room is frozen, or starved of CPU time.' },
    },
  },
  'room.ended': { doing: 'use a room that has ended', code: 'ERR_ROOM_ENDED' },
  'root.open': { doing: 'open the root of the room' },
  'file.open': {
    doing: 'open % in the room',
    code: 'ERR_ROOM_FILE',
    on: {
      EOVERFLOW: { hint: 'It lies in a mount of a host directory: use the path on the host.' },
      ENXIO: { hint: 'It is a FIFO, a socket or a device.' },
      EXDEV: {
        hint: 'It lies in /proc, /sys or another file system of the kernel, where the rights of this process would count.',
      },
      ELOOP: { hint: 'Links of /proc are not followed: they could lead out of the room.' },
      ENOSPC: { hint: 'limits.disk or limits.files of the room is used up.' },
    },
  },
  'pty.resize': { doing: 'resize the terminal' },
  freeze: {
    doing: 'freeze or thaw the room',
    on: {
      ENOENT: { code: 'ERR_ROOM_CGROUP_ABSENT', hint: 'Freezing needs a cgroup.' },
      ETIMEDOUT: { hint: 'A process of the room is stuck in the kernel.' },
    },
  },
  'cgroup.remove': {
    doing: 'remove the cgroup %',
    on: {
      EBUSY: {
        hint: 'A process in it does not end, although it was killed: it hangs in the kernel (state D).',
      },
    },
  },

  // By room-init, for the command and for every process of room.exec().
  'run.body': { doing: 'read the request to start a process' },
  'run.table': {
    doing: 'start another process',
    hint: 'room-init keeps at most 1024 processes of its owner.',
  },
  'run.fork': {
    doing: 'start a process in the room',
    on: { EAGAIN: { hint: 'limits.processes is reached.' }, ENOMEM: { hint: 'limits.memory is reached.' } },
  },
  'run.stdio': {
    doing: 'set stdin, stdout and stderr',
    on: { EMFILE: { hint: 'rlimits.nofile is too low.' } },
  },
  'run.session': { doing: 'make the terminal the controlling one' },
  'run.limits': {
    doing: 'set the resource limits',
    on: { 'EPERM EINVAL': { hint: 'The kernel refuses a value of `rlimits`.' } },
  },
  'run.cwd': { doing: 'enter the working directory %', code: 'ERR_ROOM_CWD' },
  'run.ids': {
    doing: 'become the user',
    on: { EINVAL: { hint: 'The uid, gid or a group is outside the range of ids of the room.' } },
  },
  'run.capabilities': {
    doing: 'set the capabilities',
    on: { EPERM: { hint: 'In this room that capability cannot be granted.' } },
  },
  'run.exec': {
    doing: 'execute %',
    on: {
      'ENOENT ENOTDIR ELOOP ENAMETOOLONG': { code: 'ERR_ROOM_COMMAND_NOT_FOUND' },
      'EACCES EPERM': {
        code: 'ERR_ROOM_COMMAND_NOT_EXECUTABLE',
        hint: 'It lacks the x bit for this user, is a directory, or lies on a mount with noExec.',
      },
      ENOEXEC: {
        code: 'ERR_ROOM_COMMAND_NOT_EXECUTABLE',
        hint: 'It is neither an ELF program of this machine nor a script with a `#!` line.',
      },
      EISDIR: { code: 'ERR_ROOM_COMMAND_NOT_EXECUTABLE' },
      ETXTBSY: { code: 'ERR_ROOM_COMMAND_NOT_EXECUTABLE', hint: 'Somebody has it open for writing.' },
      E2BIG: {
        code: 'ERR_ROOM_COMMAND_TOO_LONG',
        hint: 'One string may have 128 KiB, all together a quarter of rlimits.stack; see execve(2).',
      },
      ENOMEM: { hint: 'limits.memory is reached.' },
    },
  },

  ...copyFaultRules,
};

/** Where no rule of the step says more. */
export const generalHints: Readonly<Record<string, string>> = {
  EMFILE: 'This process has too many open files: ulimit -n.',
  ENFILE: 'The system has too many open files: sysctl fs.file-max.',
  ENOMEM: 'The kernel is out of memory, or a memory limit of a parent cgroup is reached.',
  ENOSYS: 'The kernel is too old, or a seccomp filter around this process hides the call.',
  EPERM: 'hostReport() (`anchor doctor`) says what this process lacks.',
  EACCES: 'hostReport() (`anchor doctor`) says what this process lacks.',
};
