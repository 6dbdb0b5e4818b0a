import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { RoomError } from '../errors.js';
import { goneError, isThere } from './private-mount.js';
import type { Target } from './target.js';

const { EFBIG, EIO, ENODEV, ENOENT, ENXIO, EROFS } = constants.errno;
const ENOMEDIUM = 123;

/** What the kernel answers for a device that it knows is gone. */
const gone = new Set([ENODEV, ENXIO, ENOMEDIUM]);

/** What it answers while it finds out: requests fail, and the file system gives up writing or finds nothing. */
const going = new Set([EIO, ENOENT, EROFS]);

/** Milliseconds in which a device that was pulled is gone from sysfs. In the guest, emulated: half a second. */
const patience = 2000;

/**
 * What went wrong, in terms of what the user named: a path through a descriptor is of no use to anybody, and whatever fails on a drive that is not there
 * any more failed because of that.
 */
export async function inTermsOf(target: Target, error: unknown): Promise<unknown> {
  const { code, errno = 0 } = error as Partial<RoomError>;
  if (code === 'ERR_COURIER_GONE') return error;
  if (await isGone(target, -errno)) return goneError(target.path, error);
  if (!(error instanceof RoomError)) return error;
  const told = (text: string): string =>
    target.root === target.path ? text : text.replaceAll(target.root, target.path);
  const { step, syscall, path, hint } = error;
  const full =
    error.code === 'ERR_VAULT_NO_SPACE' && errno !== -EFBIG ? 'Make room there, or send it elsewhere.' : hint;
  // What is in the user's terms already stays itself: it may be the reason of a signal.
  if (told(error.message) === error.message && told(path ?? '') === (path ?? '') && full === hint)
    return error;
  return new RoomError(error.code, told(error.message), {
    ...(step === undefined ? {} : { step }),
    ...(syscall === undefined ? {} : { syscall }),
    ...(errno === 0 ? {} : { errno }),
    ...(path === undefined ? {} : { path: told(path) }),
    ...(full === undefined ? {} : { hint: full }),
    cause: error,
  });
}

async function isGone({ volume }: Target, errno: number): Promise<boolean> {
  if (volume === null) return false;
  if (gone.has(errno)) return true;
  for (const since = performance.now(); going.has(errno) && performance.now() - since < patience;) {
    if (!isThere(volume)) return true;
    await sleep(50);
  }
  return !isThere(volume);
}
