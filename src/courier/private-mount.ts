import { constants, existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Addon } from '../../types/addon.js';
import { errorFromNative } from '../addon/refusal.js';
import { RoomError } from '../errors.js';
import type { Volume } from './drives.js';

/** Which file systems are mounted by us, and with what. */
const known: Readonly<
  Record<string, { readonly options: readonly string[]; readonly readOnly: readonly string[] }>
> = {
  vfat: { options: ['utf8'], readOnly: [] },
  exfat: { options: [], readOnly: [] },
  // What a stranger wrote into the superblock may say "panic".
  ext2: { options: ['errors=remount-ro'], readOnly: [] },
  ext3: { options: ['errors=remount-ro'], readOnly: ['noload'] },
  ext4: { options: ['errors=remount-ro'], readOnly: ['noload'] },
  xfs: { options: [], readOnly: ['norecovery'] },
  btrfs: { options: [], readOnly: ['rescue=nologreplay'] },
};

/**
 * A drive that only this process has mounted: nosuid, nodev, noexec, in no mount namespace, and gone with the process however that ends.
 * Its path leads through a descriptor.
 */
export class PrivateMount {
  #mount: number | null;

  private constructor(
    private readonly addon: Addon,
    readonly volume: Volume,
    mount: number,
  ) {
    this.#mount = mount;
    this.path = `/proc/self/fd/${mount}`;
  }

  readonly path: string;

  /**
   * Read-only means that nothing at all is written, not even a journal brought up to date.
   *
   * @throws RoomError ERR_COURIER_DRIVE, ERR_COURIER_MOUNT, ERR_COURIER_BUSY, ERR_VAULT_READ_ONLY.
   */
  static async open(addon: Addon, volume: Volume, readOnly: boolean): Promise<PrivateMount> {
    const { path, fileSystem } = volume;
    const how = fileSystem === null ? undefined : known[fileSystem];
    if (fileSystem === null || how === undefined) throw unusable(volume);
    if (volume.readOnly && !readOnly)
      throw new RoomError('ERR_VAULT_READ_ONLY', `${path} is write-protected`, {
        path,
        hint: 'Is there a switch on the stick or the card?',
      });
    const options = [...how.options, ...(readOnly ? ['ro', ...how.readOnly] : [])];
    let mount: number;
    try {
      mount = await addon.mountDrive(path, fileSystem, options);
    } catch (error) {
      throw errorFromNative(error);
    }
    const mounted = new PrivateMount(addon, volume, mount);
    await mounted.#requireDevice(fileSystem);
    return mounted;
  }

  /** Brings everything to the device, unmounts it, and looks whether nobody else has it. Idempotent. */
  async release(): Promise<void> {
    const mount = this.#mount;
    this.#mount = null;
    if (mount === null) return;
    try {
      await this.addon.unmountDrive(mount);
    } catch (error) {
      throw errorFromNative(error);
    }
  }

  /** Another device may have come to the name since it was looked at. Of btrfs the number says nothing. */
  async #requireDevice(fileSystem: string): Promise<void> {
    const { dev } = await stat(this.path);
    const number = numberText(dev);
    if (fileSystem === 'btrfs' || number === this.volume.number) return;
    await this.release();
    throw goneError(this.volume.path);
  }
}

/** `major:minor` of a st_dev; gnu_dev_major(3). */
export function numberText(dev: number): string {
  const wide = BigInt(dev);
  const major = ((wide >> 8n) & 0xfffn) | ((wide >> 32n) & ~0xfffn);
  const minor = (wide & 0xffn) | ((wide >> 12n) & ~0xffn);
  return `${major}:${minor & 0xffffffffn}`;
}

/** Whether the kernel still has the device. A mount of one that was pulled stays, and looks like an empty directory. */
export function isThere({ number }: Pick<Volume, 'number'>): boolean {
  return existsSync(`/sys/dev/block/${number}`);
}

/** Whether nobody has it: the kernel gives a block device exclusively to its mount, its dm device, or one who asks (open(2), O_EXCL). */
export async function isFree(path: string): Promise<boolean> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_EXCL);
    // The cache of the device itself.
    await handle.sync().finally(() => handle.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}

export function goneError(path: string, cause?: unknown): RoomError {
  return new RoomError('ERR_COURIER_GONE', `${path} is not there any more`, {
    path,
    hint: 'Plug it in again and send once more: what is whole there is not copied again.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function unusable({ path, fileSystem }: Volume): RoomError {
  const what =
    fileSystem === null
      ? 'has no file system that blkid knows'
      : `has ${fileSystem}, which is not mounted by a courier`;
  return new RoomError('ERR_COURIER_DRIVE', `${path} ${what}`, {
    path,
    hint: `Mount it yourself and name the directory, or make one of ${Object.keys(known).join(', ')}.`,
  });
}
