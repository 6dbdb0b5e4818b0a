import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { printable } from './printable.js';

/** A disk or a partition, as sysfs has it (Documentation/ABI/stable/sysfs-block of the kernel). */
export interface BlockDevice {
  readonly name: string;
  /** `/dev/sdb1` */
  readonly path: string;
  /** `major:minor` */
  readonly number: string;
  /** Bytes. */
  readonly size: number;
  readonly readOnly: boolean;
  /** Devices made of it, such as an unlocked LUKS volume (`dm-0`). */
  readonly holders: readonly string[];
}

/** How a disk is attached: `loop` is a file that looks like one, `fixed` what nobody pulls out. */
export type DiskKind = 'usb' | 'removable' | 'loop' | 'fixed';

export interface Disk extends BlockDevice {
  readonly kind: DiskKind;
  readonly vendor: string;
  readonly model: string;
  /** The medium can be taken out of it. USB disks say no here. */
  readonly removable: boolean;
  readonly partitions: readonly BlockDevice[];
  /** sysfs can switch it off. */
  readonly canPowerOff: boolean;
}

/** Memory that looks like a disk, and disks that are made of others: what they are made of is listed. */
const madeUp = /^(ram|zram|dm-|md|nbd|drbd)/;

/** sysfs counts in these, whatever the disk does. */
const sector = 512;

/** All disks with something in them. `sysfs` is /sys, or what a test made like it. */
export function readDisks(sysfs = '/sys'): readonly Disk[] {
  const folder = join(sysfs, 'block');
  return namesIn(folder)
    .filter((name) => !madeUp.test(name))
    .map((name) => readDisk(join(folder, name), name))
    .filter(({ size, number }) => size > 0 && number !== '');
}

/** The disk that a device number belongs to, through partitions and what is made of them; null: no disk, or a made-up one. */
export function diskOfNumber(number: string, sysfs = '/sys'): { disk: Disk; device: BlockDevice } | null {
  let at = real(join(sysfs, 'dev/block', number));
  // An unlocked volume on a partition on a disk; no chain is longer.
  for (let depth = 0; at !== null && depth < 8; depth += 1) {
    const [below] = namesIn(join(at, 'slaves'));
    if (below === undefined) break;
    at = real(join(at, 'slaves', below));
  }
  if (at === null) return null;
  const found = at;
  const disks = readDisks(sysfs);
  for (const disk of disks) {
    for (const device of [disk, ...disk.partitions])
      if (real(join(sysfs, 'dev/block', device.number)) === found) return { disk, device };
  }
  return null;
}

function readDisk(path: string, name: string): Disk {
  const device = readDevice(path, name);
  const removable = word(path, 'removable') === '1';
  const partitions = namesIn(path)
    .filter((below) => word(join(path, below), 'partition') !== '')
    .map((below) => readDevice(join(path, below), below))
    .sort((left, right) => left.name.localeCompare(right.name, 'en', { numeric: true }));
  return {
    ...device,
    kind: kindOf(real(path) ?? '', name, removable),
    vendor: printable(word(path, 'device/vendor')),
    model: printable(name.startsWith('loop') ? word(path, 'loop/backing_file') : word(path, 'device/model')),
    removable,
    partitions,
    canPowerOff: namesIn(join(path, 'device')).includes('delete'),
  };
}

function kindOf(realPath: string, name: string, removable: boolean): DiskKind {
  if (name.startsWith('loop')) return 'loop';
  if (/\/usb\d+\//.test(realPath)) return 'usb';
  return removable ? 'removable' : 'fixed';
}

function readDevice(path: string, name: string): BlockDevice {
  return {
    name,
    // The kernel writes a slash in a name as an exclamation mark: cciss!c0d0.
    path: `/dev/${name.replaceAll('!', '/')}`,
    number: word(path, 'dev'),
    size: (Number(word(path, 'size')) || 0) * sector,
    readOnly: word(path, 'ro') === '1',
    holders: namesIn(join(path, 'holders')),
  };
}

/** Empty where there is no such file, or the device went away meanwhile. */
function word(path: string, file: string): string {
  try {
    return readFileSync(join(path, file), 'utf8').trim();
  } catch {
    return '';
  }
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path).sort((left, right) => left.localeCompare(right, 'en', { numeric: true }));
  } catch {
    return [];
  }
}

function real(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
