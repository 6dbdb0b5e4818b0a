import { realpath, stat, statfs } from 'node:fs/promises';
import type { Addon } from '../../types/addon.js';
import { RoomError } from '../errors.js';
import { requireMounted } from '../vault/mount-point.js';
import { attempt } from '../vault/system-error.js';
import { diskOfNumber, readDisks } from './block-devices.js';
import { describe, isCarried, type Drive, type Volume } from './drives.js';
import { PrivateMount, goneError, isThere, numberText } from './private-mount.js';
import type { PlannedTarget } from './send-plan.js';

/** A directory that is written to, and what it is on. */
export interface Target {
  readonly kind: 'directory' | 'drive';
  /** For people: the directory, or the device where only this process has it mounted. */
  readonly path: string;
  /** What is written below. */
  readonly root: string;
  /** null: it is on no drive. */
  readonly volume: Volume | null;
  readonly drive: Drive | null;
  readonly fat: boolean;
  /** Bytes. */
  readonly free: number;
  /** Bytes; space is given in these. */
  readonly block: number;
  /** Throws ERR_COURIER_GONE where it is not what was opened any more. */
  readonly check: () => Promise<void>;
  /** Unmounts what was mounted for it. True: it is free, and may be pulled out. */
  readonly release: () => Promise<boolean>;
}

const fatMagic = 0x4d44;

/** A place that was found, and is not open. */
export interface FoundTarget {
  readonly path: string;
  /** Where it is mounted for all, or the directory; null: it has to be mounted. */
  readonly directory: string | null;
  readonly volume: Volume | null;
  readonly drive: Drive | null;
}

/** Finds a directory, and the drive that it is on. */
export async function findDirectory(path: string): Promise<FoundTarget> {
  const directory = await attempt('vault.target', path, async () => {
    const real = await realpath(path);
    const facts = await stat(real);
    if (facts.isDirectory()) return { real, dev: facts.dev };
    throw new RoomError('ERR_COURIER_TARGET', `${path} is no directory`, { path });
  });
  // Where a disk should be and is not, the copy would fill the disk below.
  await requireMounted(directory.real, false);
  const found = diskOfNumber(numberText(directory.dev));
  if (found === null) return { path: directory.real, directory: directory.real, volume: null, drive: null };
  const [drive] = await describe([found.disk]);
  const carried = drive !== undefined && (isCarried(drive) || drive.kind === 'loop');
  const volume = carried ? (drive.volumes.find(({ path }) => path === found.device.path) ?? null) : null;
  return {
    path: directory.real,
    directory: directory.real,
    volume,
    drive: volume === null ? null : (drive ?? null),
  };
}

/** Finds a drive by its device, by a disk that has one file system only, or by `uuid:…`. */
export async function findDrive(name: string): Promise<FoundTarget> {
  const { volume, drive } = await findVolume(name);
  const refuse = (why: string, hint: string): RoomError =>
    new RoomError('ERR_COURIER_DRIVE', `${volume.path} ${why}`, { path: volume.path, hint });
  if (drive.system) throw refuse('is a disk that this machine runs from', 'Name a directory on it instead.');
  if (!isCarried(drive) && drive.kind !== 'loop')
    throw refuse(
      'is on a fixed disk',
      'Mount it and name the directory: what nobody pulls out is mounted by its owner.',
    );
  if (volume.holders.length > 0)
    throw refuse(
      `is used by ${volume.holders.join(', ')}`,
      'If it is an unlocked LUKS volume, mount that and name the directory.',
    );
  const [place = null] = volume.mountedAt;
  return { path: place ?? volume.path, directory: place, volume, drive };
}

/** A file system on a drive. Throws ERR_COURIER_DRIVE where there is none, or not one only. */
async function findVolume(name: string): Promise<{ drive: Drive; volume: Volume }> {
  const found = (await findVolumes(name)).filter(({ volume }) => volume.fileSystem !== null);
  const [only, ...more] = found;
  if (only === undefined) throw noDrive(name, 'has no file system that blkid knows');
  if (more.length === 0) return only;
  throw noDrive(name, `may be each of ${found.map(({ volume }) => volume.path).join(', ')}`);
}

/** What is on the drive that a disk, a partition or `uuid:…` names. Throws ERR_COURIER_DRIVE where there is none. */
export async function findVolumes(name: string): Promise<readonly { drive: Drive; volume: Volume }[]> {
  const uuid = /^uuid:(.+)$/i.exec(name)?.[1]?.toLowerCase();
  const path = uuid === undefined ? await realpath(name).catch(() => name) : null;
  const isNamed = (device: { readonly path: string }): boolean => path === null || device.path === path;
  const disks = readDisks().filter((disk) => [disk, ...disk.partitions].some(isNamed));
  const all = (await describe(disks)).flatMap((drive) => drive.volumes.map((volume) => ({ drive, volume })));
  const found = all.filter(({ drive, volume }) =>
    path === null ? volume.uuid?.toLowerCase() === uuid : isNamed(drive) || isNamed(volume),
  );
  if (found.length === 0) throw noDrive(name, 'is no drive that is there');
  return found;
}

function noDrive(name: string, why: string): RoomError {
  return new RoomError('ERR_COURIER_DRIVE', `${name} ${why}`, {
    path: name,
    hint: '`anchor courier list --all` shows what there is.',
  });
}

/** Opens a target. One that nobody has mounted is mounted for this process alone, read-only where only looked at. */
export async function openTarget(addon: Addon, found: FoundTarget, writing: boolean): Promise<Target> {
  const { volume, drive, path } = found;
  const mount =
    found.directory === null && volume !== null ? await PrivateMount.open(addon, volume, !writing) : null;
  const root = mount?.path ?? (found.directory as string);
  try {
    const facts = await attempt('vault.target', path, () => statfs(root));
    const { dev, ino } = await attempt('vault.target', path, () => stat(root));
    return {
      kind: volume === null ? 'directory' : 'drive',
      path,
      root,
      volume,
      drive,
      fat: facts.type === fatMagic,
      free: facts.bavail * facts.bsize,
      block: facts.bsize,
      check: async () => {
        const now = await stat(root).catch(() => null);
        const same = now?.dev === dev && now.ino === ino;
        if (!same || (volume !== null && !isThere(volume))) throw goneError(path);
      },
      release: async () => {
        await mount?.release();
        return mount !== null;
      },
    };
  } catch (error) {
    await mount?.release().catch(() => undefined);
    throw error;
  }
}

/** What a plan says of it. Pure. */
export function plannedTarget({ kind, path, volume, drive, free }: Target): PlannedTarget {
  const model = drive === null ? null : [drive.vendor, drive.model].filter((text) => text !== '').join(' ');
  return {
    kind,
    path,
    device: volume?.path ?? null,
    label: volume?.label ?? null,
    uuid: volume?.uuid ?? null,
    model,
    fileSystem: volume?.fileSystem ?? null,
    free,
  };
}
