import type { RoomError } from '../errors.js';
import { capsuleProfile } from './bag-info.js';
import { filesOf, parseContents, type CapsuleContents, type CapsuleFile } from './contents.js';
import { tagFiles } from './layout.js';

/** What capsules and parcels have different; all else of a bag is the same. */
export interface BagKind<C> {
  /** The tag file that says what the payload is. */
  readonly contentsName: string;
  /** In bag-info.txt. */
  readonly profile: string;
  readonly parse: (bytes: Uint8Array) => C | RoomError;
  readonly filesOf: (contents: C) => readonly CapsuleFile[];
}

export const capsuleKind: BagKind<CapsuleContents> = {
  contentsName: tagFiles.contents,
  profile: capsuleProfile,
  parse: parseContents,
  filesOf,
};
