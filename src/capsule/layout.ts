/** Names of the files of a capsule. docs/capsule.md shows them as a picture. */
export const tagFiles = {
  declaration: 'bagit.txt',
  info: 'bag-info.txt',
  readme: 'README.txt',
  contents: 'capsule.json',
  manifest: 'manifest-sha256.txt',
  assembled: 'assembled-sha256.txt',
} as const;

/** Lists all of them. Written last: a capsule without it is unfinished. */
export const tagManifestName = 'tagmanifest-sha256.txt';

/** The only file that is listed nowhere, because it signs the list. */
export const signatureName = 'tagmanifest-sha256.txt.sig';

/** Where the parts of a payload are. */
export const payloadPlaces = {
  room: 'data/room',
  flake: 'data/flake',
  plank: 'data/plank',
  weights: 'data/weights',
} as const;

export const roomSpecName = 'room.json';

/** What a name of a capsule ends with, and what is added while it is written. */
export const capsuleSuffix = '.capsule';
export const unfinishedSuffix = '.partial';

/** RFC 8493, 2.1.1: nothing else may be in it. */
export const declarationText = 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n';

/** Most files of a capsule, and most bytes of those of its tag files that are read as a whole. */
export const mostFiles = 100_000;
export const longestTagFile = 64 * 2 ** 20;
/** A spec is written by a person. */
export const longestSpec = 2 ** 20;

/** The longest file that FAT32 takes. */
export const longestOnFat = 2 ** 32 - 1;
export const usualPart = 2 ** 30;
