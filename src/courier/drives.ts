import { readFile } from 'node:fs/promises';
import { parseMountinfo, type MountedFileSystem } from '../host/mountinfo.js';
import { readDisks, type BlockDevice, type Disk, type DiskKind } from './block-devices.js';
import { probeFileSystem } from './file-system.js';

/** A file system on a drive. All texts are fit to be shown. */
export interface Volume {
  /** `/dev/sdb1` */
  readonly path: string;
  /** `major:minor` */
  readonly number: string;
  /** Bytes. */
  readonly size: number;
  readonly readOnly: boolean;
  /** null: nothing that blkid(8) knows, or it may not look. */
  readonly fileSystem: string | null;
  readonly label: string | null;
  readonly uuid: string | null;
  /** Where, in the mount namespace of this process. */
  readonly mountedAt: readonly string[];
  /** Devices made of it, such as an unlocked LUKS volume. */
  readonly holders: readonly string[];
}

/** A disk, and what is on it. */
export interface Drive {
  /** `/dev/sdb` */
  readonly path: string;
  readonly kind: DiskKind;
  readonly vendor: string;
  readonly model: string;
  /** Bytes. */
  readonly size: number;
  readonly removable: boolean;
  readonly readOnly: boolean;
  /** This machine runs from it: never a target. */
  readonly system: boolean;
  /** Its partitions; the disk itself where it has none. */
  readonly volumes: readonly Volume[];
  readonly canPowerOff: boolean;
}

/** Places that a machine needs. */
const systemPlaces = new Set(['/', '/boot', '/boot/efi', '/usr', '/var', '/home', '/nix', '/nix/store']);

/** All drives that sysfs has, with what blkid(8) and the mount table say. Nothing is mounted for it. */
export async function readDrives(): Promise<readonly Drive[]> {
  return describe(readDisks());
}

/** The same of these disks. */
export async function describe(disks: readonly Disk[]): Promise<readonly Drive[]> {
  const mounts = await readMounts();
  const swaps = await readSwaps();
  const drives: Drive[] = [];
  for (const disk of disks) {
    const devices = disk.partitions.length > 0 ? disk.partitions : [disk];
    const volumes: Volume[] = [];
    for (const device of devices) volumes.push(await readVolume(device, mounts));
    const { path, kind, vendor, model, size, removable, readOnly, canPowerOff } = disk;
    const system = volumes.some(
      (volume) => swaps.includes(volume.path) || volume.mountedAt.some((place) => systemPlaces.has(place)),
    );
    drives.push({ path, kind, vendor, model, size, removable, readOnly, system, volumes, canPowerOff });
  }
  return drives;
}

/** What can be carried away: everything that is no fixed disk and no file of this machine. */
export function isCarried({ kind, system }: Pick<Drive, 'kind' | 'system'>): boolean {
  return (kind === 'usb' || kind === 'removable') && !system;
}

export async function readVolume(
  { path, number, size, readOnly, holders }: BlockDevice,
  mounts: readonly MountedFileSystem[],
): Promise<Volume> {
  const mountedAt = mounts
    .filter(({ device, source, root }) => (device === number || source === path) && root === '/')
    .map(({ point }) => point);
  const facts = await probeFileSystem(path);
  const type = facts?.type ?? mounts.find(({ device }) => device === number)?.type ?? null;
  return {
    path,
    number,
    size,
    readOnly,
    fileSystem: type,
    label: facts?.label ?? null,
    uuid: facts?.uuid ?? null,
    mountedAt: [...new Set(mountedAt)],
    holders,
  };
}

export async function readMounts(): Promise<readonly MountedFileSystem[]> {
  return parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'));
}

async function readSwaps(): Promise<readonly string[]> {
  const text = await readFile('/proc/swaps', 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s/)[0] ?? '');
}
