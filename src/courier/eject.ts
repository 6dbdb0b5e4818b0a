import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { RoomError } from '../errors.js';
import { keysOf, readFields } from '../spec/field.js';
import { readPath } from '../spec/path.js';
import { readFlag } from '../spec/scalar.js';
import { systemError } from '../vault/system-error.js';
import { isCarried, type Drive, type Volume } from './drives.js';
import { holdersOf, type DriveHolder } from './holders.js';
import { isFree, isThere } from './private-mount.js';
import { findVolumes } from './target.js';

/** How a drive is let go. */
export interface EjectOptions {
  /** Unmount it where somebody else has mounted it. Never lazily: whoever uses it is named instead. Default false. */
  readonly unmount?: boolean;
  /** Switch the whole disk off (sysfs `device/delete`): it is gone until it is plugged in again. Default false. */
  readonly powerOff?: boolean;
}

/** A drive that may be pulled out. */
export interface EjectedDrive {
  /** The disk. */
  readonly path: string;
  /** Where it was mounted before. */
  readonly unmounted: readonly string[];
  readonly poweredOff: boolean;
}

const run = promisify(execFile);

/**
 * Makes sure that a drive may be pulled out: nothing of it is mounted, nobody has it, and its cache is empty. A drive that a courier had mounted
 * is that already.
 *
 * @throws RoomError ERR_COURIER_BUSY (with who uses it), ERR_COURIER_DRIVE, ERR_COURIER_MOUNT.
 */
export async function ejectDrive(name: string, options: EjectOptions = {}): Promise<EjectedDrive> {
  const fields = readFields(options, 'options', keysOf<EjectOptions>({ unmount: true, powerOff: true }));
  const unmount = readFlag(fields.unmount, 'unmount', false);
  const powerOff = readFlag(fields.powerOff, 'powerOff', false);
  const [found] = await findVolumes(readPath(name, 'name', 'a device such as /dev/sdb, or uuid:…'));
  const { drive } = found as NonNullable<typeof found>;
  requireCarried(drive, powerOff);
  const unmounted: string[] = [];
  for (const volume of drive.volumes) {
    if (volume.holders.length > 0) throw busy(volume, `is used by ${volume.holders.join(', ')}`);
    for (const place of [...volume.mountedAt].reverse()) {
      if (!unmount)
        throw busy(
          volume,
          `is mounted at ${place}`,
          'Unmount it, or let this do it: --unmount (unmount: true).',
        );
      await unmountPlace(volume, place);
      unmounted.push(place);
    }
  }
  for (const volume of drive.volumes) await requireFree(volume);
  if (powerOff) await switchOff(drive);
  return { path: drive.path, unmounted, poweredOff: powerOff };
}

function requireCarried(drive: Drive, powerOff: boolean): void {
  const { path } = drive;
  const refuse = (why: string): RoomError => new RoomError('ERR_COURIER_DRIVE', `${path} ${why}`, { path });
  if (drive.system) throw refuse('is a disk that this machine runs from');
  if (!isCarried(drive) && drive.kind !== 'loop') throw refuse('is a fixed disk, which nobody pulls out');
  if (powerOff && !drive.canPowerOff) throw refuse('cannot be switched off by sysfs');
}

async function unmountPlace(volume: Volume, place: string): Promise<void> {
  const { PATH = '' } = process.env;
  try {
    await run('umount', ['--', place], { env: { PATH: `${PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' } });
  } catch (error) {
    const holders = await holdersOf(volume.number, volume.path);
    if (holders.length > 0) throw busy(volume, `is used by ${named(holders)}`);
    const { stderr = '', code } = error as { stderr?: string; code?: unknown };
    if (code === 'ENOENT')
      throw new RoomError('ERR_COURIER_TOOL', 'umount is not installed', { hint: 'apt-get install mount' });
    throw new RoomError('ERR_COURIER_MOUNT', `cannot unmount ${place}: ${stderr.trim()}`, {
      path: place,
      cause: error,
    });
  }
}

async function requireFree(volume: Volume): Promise<void> {
  let free: boolean;
  try {
    free = await isFree(volume.path);
  } catch (error) {
    throw systemError('vault.read', volume.path, error);
  }
  if (free) return;
  const holders = await holdersOf(volume.number, volume.path);
  throw busy(
    volume,
    holders.length === 0
      ? 'is used by somebody who cannot be seen from here'
      : `is used by ${named(holders)}`,
  );
}

function named(holders: readonly DriveHolder[]): string {
  return holders.map(({ pid, name }) => `${name} (process ${pid})`).join(', ');
}

function busy({ path }: Volume, why: string, hint = 'Wait until that ends, or end it.'): RoomError {
  return new RoomError('ERR_COURIER_BUSY', `${path} ${why}`, { path, hint });
}

async function switchOff({ path, volumes }: Drive): Promise<void> {
  const file = `/sys/block/${basename(path)}/device/delete`;
  try {
    await writeFile(file, '1');
  } catch (error) {
    throw systemError('vault.read', file, error);
  }
  const [first] = volumes;
  if (first === undefined || !isThere(first)) return;
  throw new RoomError('ERR_COURIER_MOUNT', `${path} is still there after it was switched off`, { path });
}
