import { withBag, type BagVerification, type OpenBag, type VerifyCapsuleOptions } from '../capsule/verify.js';
import { parcelKind, type ParcelContents } from './parcel.js';

/** What is known about a parcel after {@link verifyParcel}. */
export type ParcelVerification = BagVerification<ParcelContents>;

/**
 * Reads all of a parcel back from its disk, past the page cache, and compares it with what it says of itself, as strictly as
 * {@link verifyCapsule} does.
 *
 * @returns a report, also for a parcel that is damaged.
 * @throws RoomError ERR_COURIER_NOT_CAPSULE where there is none, ERR_COURIER_TOOL; the reason of the signal.
 */
export async function verifyParcel(
  path: string,
  options: VerifyCapsuleOptions = {},
): Promise<ParcelVerification> {
  return withParcel(path, options, ({ verification }) => Promise.resolve(verification));
}

/** The same, and something more with it while it is open. */
export function withParcel<T>(
  path: string,
  options: VerifyCapsuleOptions,
  use: (parcel: OpenBag<ParcelVerification>) => Promise<T>,
): Promise<T> {
  return withBag(parcelKind, path, options, use);
}
