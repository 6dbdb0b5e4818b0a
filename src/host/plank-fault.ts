import { constants } from 'node:os';
import type { FaultError } from '../../types/addon.js';
import { RoomError, type ErrorCode } from '../errors.js';

/** Steps that are about the file itself, and not about what it takes to get to it. */
const planksOwn = new Set(['open.plank', 'mount.plank', 'plank.read']);

/** Words for what the kernel has against a plank. Whatever else went wrong on the way to it is passed through. */
export function plankFault(error: unknown, plank: string): unknown {
  if (!(error instanceof Error) || !('fault' in error)) return error;
  const { fault } = error as FaultError;
  if (!planksOwn.has(fault.step)) return error;
  const described = describe(fault.errno);
  if (described === null) return error;
  const [code, what, hint] = described;
  const detail = fault.detail === '' ? '' : `: ${fault.detail}`;
  return new RoomError(code, `plank ${plank}: ${what}${detail}`, {
    step: fault.step,
    syscall: fault.syscall,
    errno: -fault.errno,
    path: fault.path === '' ? plank : fault.path,
    ...(hint === null ? {} : { hint }),
    cause: error,
  });
}

function describe(errno: number): readonly [code: ErrorCode, what: string, hint: string | null] | null {
  const { EACCES, EBADMSG, EINVAL, EIO, ENODEV, ENOENT, ENOSYS, ENXIO, EOPNOTSUPP, EPERM } = constants.errno;
  /** EUCLEAN and ENOTBLK, which node:os leaves out. */
  const structureNeedsCleaning = 117;
  const blockDeviceRequired = 15;
  switch (errno) {
    case ENOENT:
      return ['ERR_ROOM_PLANK_NOT_FOUND', 'it is gone', null];
    case EIO:
    case EBADMSG:
    case structureNeedsCleaning:
      return ['ERR_ROOM_PLANK_INVALID', 'it is damaged', 'build or copy it again'];
    case EINVAL:
    case EOPNOTSUPP:
    case blockDeviceRequired:
      return [
        'ERR_ROOM_PLANK_UNSUPPORTED',
        'this kernel cannot mount it',
        'it may be compressed in a way that this kernel was built without: try zstd or gzip, or see hostReport()',
      ];
    case ENODEV:
    case ENOSYS:
      return [
        'ERR_ROOM_PLANK_UNSUPPORTED',
        'this kernel does not have its file system',
        'load the module squashfs or erofs on the host',
      ];
    case ENXIO:
      return ['ERR_ROOM_PLANK_UNSUPPORTED', 'there is no loop device', 'load the module loop on the host'];
    case EPERM:
    case EACCES:
      return ['ERR_ROOM_PERMISSION', 'this process may not mount it', 'see hostReport() for who refuses'];
    default:
      return null;
  }
}
