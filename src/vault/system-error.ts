import { errnoName } from '../addon/faults.js';
import { RoomError, type ErrorCode } from '../errors.js';

/** What was being done, for errors. `%` stands for the path. */
const steps = {
  'vault.open': { doing: 'open the vault %', code: 'ERR_VAULT_NOT_FOUND' },
  'vault.init': { doing: 'make a vault of %', code: 'ERR_VAULT_IO' },
  'vault.read': { doing: 'read %', code: 'ERR_VAULT_IO' },
  'vault.source': { doing: 'look at the source %', code: 'ERR_VAULT_SOURCE' },
  'vault.stage': { doing: 'prepare a new generation in %', code: 'ERR_VAULT_IO' },
  'vault.commit': { doing: 'put the new generation in its place, %', code: 'ERR_VAULT_IO' },
  'vault.activate': { doing: 'change the link %', code: 'ERR_VAULT_IO' },
  'vault.remove': { doing: 'remove %', code: 'ERR_VAULT_IO' },
  'vault.log': { doing: 'write to the audit log %', code: 'ERR_VAULT_IO' },
  'vault.lease': { doing: 'take a lease in %', code: 'ERR_VAULT_IO' },
  'vault.dropzone': { doing: 'make a dropzone in %', code: 'ERR_VAULT_DROPZONE' },
  'vault.nix': { doing: 'bring %, which a room has built, into the vault', code: 'ERR_VAULT_IO' },
  'vault.target': { doing: 'make %', code: 'ERR_VAULT_TARGET' },
} as const satisfies Readonly<Record<string, { doing: string; code: ErrorCode }>>;

export type VaultStep = keyof typeof steps;

/** Whatever was being done, these mean the same. By number: Node has no name for some of them. */
const byErrno: Readonly<Record<string, { code: ErrorCode; hint?: string }>> = {
  ENOSPC: { code: 'ERR_VAULT_NO_SPACE', hint: '`anchor vault gc` removes old generations.' },
  EDQUOT: { code: 'ERR_VAULT_NO_SPACE', hint: 'A quota of the file system is reached.' },
  EFBIG: { code: 'ERR_VAULT_NO_SPACE', hint: 'The file system takes no file of that size.' },
  EROFS: {
    code: 'ERR_VAULT_READ_ONLY',
    hint: 'Mount it read-write. A file system that met an error turns read-only by itself: see the kernel log (dmesg).',
  },
  EIO: { code: 'ERR_VAULT_IO', hint: 'See the kernel log (dmesg) for the device.' },
};

/** Does something of a step; what the system has against it becomes a RoomError. Others pass as they are. */
export async function attempt<T>(step: VaultStep, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemError(step, path, error);
  }
}

/** The RoomError for what Node's file functions threw. */
export function systemError(step: VaultStep, path: string, error: unknown): unknown {
  const { errno, syscall, path: failed } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || error instanceof RoomError || typeof errno !== 'number') return error;
  const name = errnoName(-errno);
  const { doing, code } = steps[step];
  const special = byErrno[name];
  return new RoomError(
    special?.code ?? code,
    `cannot ${doing.replace('%', () => JSON.stringify(path))}: ${syscall ?? step} failed with ${name}`,
    {
      step,
      errno,
      path: failed ?? path,
      ...(syscall === undefined ? {} : { syscall }),
      ...(special?.hint === undefined ? {} : { hint: special.hint }),
      cause: error,
    },
  );
}

/** Whether it is this error of the system. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
