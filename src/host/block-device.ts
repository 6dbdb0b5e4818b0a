import { basename } from 'node:path/posix';
import { RoomError, SpecRangeError } from '../errors.js';
import type { HostFiles } from './files.js';

/**
 * The `major:minor` of a whole disk, from a path such as `/dev/vda` or from the number itself. `field` is named in errors.
 * A partition is refused: io.max knows requests to a disk only, and limiting the disk instead would limit more than was
 * asked for.
 */
export function resolveBlockDevice(device: string, field: string, files: HostFiles): string {
  const number = device.startsWith('/') ? numberOfPath(device, field, files) : normalizeNumber(device, field);
  const directory = `/sys/dev/block/${number}`;
  // Where sysfs is not mounted nothing can be said; the kernel will answer ENODEV.
  if (files.stat('/sys/dev/block') === null) return number;
  if (files.stat(directory) === null) {
    throw new SpecRangeError('ERR_ROOM_SPEC_VALUE', field, `there is no block device ${device}`);
  }
  if (files.stat(`${directory}/partition`) !== null) {
    const disk = diskOf(directory, files);
    throw new RoomError(
      'ERR_ROOM_CGROUP_CONTROLLER',
      `${field}: ${device} is a partition; io.max limits whole disks`,
      {
        path: device,
        hint: disk === null ? 'name the disk it is on' : `name its disk, /dev/${disk}`,
      },
    );
  }
  return number;
}

function numberOfPath(path: string, field: string, files: HostFiles): string {
  const facts = files.stat(path);
  if (facts === null) {
    throw new SpecRangeError('ERR_ROOM_SPEC_VALUE', field, `${path} does not exist or cannot be looked at`);
  }
  if (facts.kind !== 'block')
    throw new SpecRangeError('ERR_ROOM_SPEC_VALUE', field, `${path} is not a block device`);
  return facts.device;
}

function normalizeNumber(device: string, field: string): string {
  const [, major, minor] = /^(\d{1,4}):(\d{1,7})$/.exec(device) ?? [];
  if (major === undefined || minor === undefined) {
    throw new SpecRangeError(
      'ERR_ROOM_SPEC_VALUE',
      field,
      `'${device}' is neither an absolute path nor major:minor`,
    );
  }
  return `${Number(major)}:${Number(minor)}`;
}

/** /sys/dev/block/8:1 leads to …/block/sda/sda1. */
function diskOf(directory: string, files: HostFiles): string | null {
  const real = files.realPath(directory);
  return real === null ? null : basename(real.slice(0, real.lastIndexOf('/')));
}
