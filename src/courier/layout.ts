/** What a name of a parcel ends with. */
export const parcelSuffix = '.parcel';

/** What is in it; beside it are the tag files of a capsule. */
export const parcelContentsName = 'parcel.json';

/** In bag-info.txt. */
export const parcelProfile = 'anchor-parcel/1';

/** Where what came from no vault is, below `data`. */
export const hostPlace = 'files';

/** In the directory that something is sent to, for as long as it is: who sends has a lock on it. */
export const lockName = '.anchor-courier.lock';
