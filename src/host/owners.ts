import type { ResolutionNote } from './resolved-room.js';

/** What is said of a source that a room with ids of its own can only read, where its file system takes no idmapped mount. */
export function unmappedOwner(field: string, source: string): ResolutionNote {
  return {
    field,
    text: `the file system of ${source} takes no idmapped mount: its files appear owned by nobody, and the room reads only what everybody may read`,
  };
}
