import { readdir } from 'node:fs/promises';
import { loadAddon } from '../addon/load.js';
import { capsuleSuffix, unfinishedSuffix } from '../capsule/layout.js';
import { isPlainName } from '../capsule/stored-names.js';
import { keysOf, readFields } from '../spec/field.js';
import { readFlag } from '../spec/scalar.js';
import { isCarried, readDrives, type Drive, type Volume } from './drives.js';
import { parcelSuffix } from './layout.js';
import { PrivateMount } from './private-mount.js';

/** Which drives are listed, and how closely. */
export interface ListDrivesOptions {
  /** Fixed disks and loop devices as well. Default false. */
  readonly all?: boolean;
  /** Mount what is not mounted, read-only and for this process alone, to see what lies on it. Default false. */
  readonly look?: boolean;
}

/** A capsule or parcel in the top directory of a drive. What it says of itself nobody has checked. */
export interface ListedBag {
  readonly name: string;
  readonly type: 'capsule' | 'parcel';
  /** Its courier was interrupted: sending it again goes on. */
  readonly unfinished: boolean;
}

export interface ListedVolume extends Volume {
  /** null: nobody looked. */
  readonly bags: readonly ListedBag[] | null;
  /** Why it could not be looked at. */
  readonly problem?: string;
}

export interface ListedDrive extends Omit<Drive, 'volumes'> {
  readonly volumes: readonly ListedVolume[];
}

/**
 * Drives that can be carried away, from /sys/block, blkid(8) and the mount table: no udev and no daemon. Texts that a device gives of itself are
 * fit to be shown. File systems are probed only where this process may read the device (root).
 *
 * @throws RoomError ERR_COURIER_TOOL. A drive that cannot be looked at says so in its `problem`.
 */
export async function listDrives(options: ListDrivesOptions = {}): Promise<readonly ListedDrive[]> {
  const fields = readFields(options, 'options', keysOf<ListDrivesOptions>({ all: true, look: true }));
  const all = readFlag(fields.all, 'all', false);
  const look = readFlag(fields.look, 'look', false);
  const listed: ListedDrive[] = [];
  for (const drive of await readDrives()) {
    if (!all && !isCarried(drive)) continue;
    const volumes: ListedVolume[] = [];
    for (const volume of drive.volumes) volumes.push(await lookAt(volume, look && !drive.system));
    listed.push({ ...drive, volumes });
  }
  return listed;
}

async function lookAt(volume: Volume, mount: boolean): Promise<ListedVolume> {
  const [place] = volume.mountedAt;
  try {
    if (place !== undefined) return { ...volume, bags: await bagsIn(place) };
    if (!mount || volume.fileSystem === null) return { ...volume, bags: null };
    const mounted = await PrivateMount.open(loadAddon().addon, volume, true);
    try {
      return { ...volume, bags: await bagsIn(mounted.path) };
    } finally {
      await mounted.release();
    }
  } catch (error) {
    return { ...volume, bags: null, problem: (error as Error).message };
  }
}

/** Names only: nothing of them is opened. Others than ours could make would not be received. */
async function bagsIn(directory: string): Promise<readonly ListedBag[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => bagOf(name))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Pure. */
export function bagOf(name: string): readonly ListedBag[] {
  const unfinished = name.endsWith(unfinishedSuffix);
  const whole = unfinished ? name.slice(0, -unfinishedSuffix.length) : name;
  const suffix = [capsuleSuffix, parcelSuffix].find((candidate) => whole.endsWith(candidate));
  if (suffix === undefined || !isPlainName(whole.slice(0, -suffix.length))) return [];
  return [{ name, type: suffix === capsuleSuffix ? 'capsule' : 'parcel', unfinished }];
}
