import type { FaultRule } from './fault-rules.js';

/** The same whatever was being written. */
const full = {
  ENOSPC: {
    code: 'ERR_VAULT_NO_SPACE',
    hint: 'The disk is full: `anchor vault gc` removes old generations.',
  },
  EDQUOT: { code: 'ERR_VAULT_NO_SPACE', hint: 'A quota of the file system is reached.' },
  EFBIG: {
    code: 'ERR_VAULT_NO_SPACE',
    hint: 'The file system (FAT?) or a limit takes no file of that size.',
  },
  EROFS: {
    code: 'ERR_VAULT_READ_ONLY',
    hint: 'Mount it read-write. A file system that met an error turns read-only by itself: see the kernel log (dmesg).',
  },
  'EIO ENXIO': {
    code: 'ERR_VAULT_IO',
    hint: 'The device failed or is gone: see the kernel log (dmesg), and check its file system before it is used again.',
  },
} as const;

const source = {
  code: 'ERR_VAULT_SOURCE',
  on: {
    ELOOP: { hint: 'A symbolic link is on the way, or was put there meanwhile.' },
    EXDEV: { hint: 'Another file system is mounted there.' },
    'EACCES EPERM': { hint: 'This process may not read it.' },
    EIO: { code: 'ERR_VAULT_IO', hint: 'The device cannot read it back.' },
  },
} as const;

/** Steps of native/copy, of locks on files, and of the mounts of drives. */
export const copyFaultRules: Readonly<Record<string, FaultRule>> = {
  'copy.open': { doing: 'open %', ...source },
  'copy.kind': { doing: 'copy %, which is no regular file', code: 'ERR_VAULT_SOURCE' },
  'copy.changed': {
    doing: 'copy %, which was changed meanwhile',
    code: 'ERR_VAULT_SOURCE_CHANGED',
    hint: 'Stop whoever writes to it, then try again.',
  },
  'copy.writers': {
    doing: 'store %, which may still be written to',
    code: 'ERR_VAULT_SOURCE_CHANGED',
    on: { EAGAIN: { hint: 'Somebody has it open for writing. Close it first.' } },
  },
  'copy.read': { doing: 'read %', code: 'ERR_VAULT_IO', hint: 'See the kernel log (dmesg) for the device.' },
  'copy.create': { doing: 'make %', code: 'ERR_VAULT_TARGET', on: full },
  'copy.clone': { doing: 'let % share the blocks of its source', code: 'ERR_VAULT_IO', on: full },
  'copy.reserve': { doing: 'reserve the space for %', code: 'ERR_VAULT_IO', on: full },
  'copy.write': { doing: 'write %', code: 'ERR_VAULT_IO', on: full },
  'copy.mode': { doing: 'set the mode of %', code: 'ERR_VAULT_IO' },
  'copy.sync': { doing: 'bring % to the disk', code: 'ERR_VAULT_IO', on: full },
  'copy.hash': {
    doing: 'hash a file',
    code: 'ERR_VAULT_IO',
    hint: 'SHA-256 is that of the OpenSSL in Node; this program hides it or forbids it.',
  },
  'copy.memory': { doing: 'get memory for a buffer', code: 'ERR_VAULT_IO' },
  'copy.thread': {
    doing: 'start a thread that copies',
    code: 'ERR_VAULT_IO',
    on: { EAGAIN: { hint: 'A limit on threads is reached: pids.max of the cgroup, or ulimit -u.' } },
  },
  'copy.cancelled': { doing: 'finish what was cancelled', code: 'ERR_VAULT_IO' },
  'tree.open': { doing: 'open the directory %', ...source },
  'tree.read': { doing: 'list the directory %', ...source },
  'tree.size': {
    doing: 'store %',
    code: 'ERR_VAULT_SOURCE',
    hint: 'It has too many files; pack them into fewer, or into a plank.',
  },
  'lock.open': { doing: 'open the lock file %', code: 'ERR_VAULT_IO', on: full },
  'lock.take': { doing: 'take the lock %', code: 'ERR_VAULT_IO' },
  'lock.note': { doing: 'write to the lock file %', code: 'ERR_VAULT_IO', on: full },
  'drive.mount': {
    doing: 'mount %',
    code: 'ERR_COURIER_MOUNT',
    hint: 'See the kernel log (dmesg); fsck(8) may mend the file system.',
    on: {
      ENODEV: { hint: 'This kernel does not have the file system, or not its module.' },
      'ENXIO ENOENT': { code: 'ERR_COURIER_GONE' },
      EBUSY: {
        code: 'ERR_COURIER_BUSY',
        hint: 'Another courier, or somebody else, has it. `anchor courier eject` says who.',
      },
      'EROFS EACCES': { code: 'ERR_VAULT_READ_ONLY', hint: 'Is there a switch on the stick or the card?' },
      EPERM: { hint: 'Mounting needs root. Mount it (udisksctl mount -b DEVICE) and name the directory.' },
    },
  },
  'drive.sync': {
    doing: 'bring all of the drive to its device',
    code: 'ERR_COURIER_MOUNT',
    hint: 'What was written may not be there: send it again. See the kernel log (dmesg).',
  },
};
