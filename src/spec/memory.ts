import type { CheckedRoom, CheckedSpec } from './checked.js';
import { copyPlain, samePlain } from './plain.js';
import { joinSpec, parseRoomFields, readSpecFields, type SpecFields } from './parse.js';

/** A checked spec, and its part that is the same object for as long as nothing of it was written differently. */
export interface RememberedSpec {
  readonly spec: CheckedSpec;
  readonly room: CheckedRoom;
}

const roomKeys = [
  ...([
    'plank',
    'plankDigest',
    'hostname',
    'user',
    'identity',
    'mounts',
    'limits',
    'rlimits',
    'network',
  ] as const),
  ...(['gpu', 'capabilities', 'seccomp', 'readOnlyRoot'] as const),
];

/**
 * Checks specs as `parseRoomSpec` does. Most programs spawn the same room again and again, with another command: what they
 * wrote about the room is then compared with what they wrote last time, which is quicker than checking it anew.
 */
export class SpecMemory {
  #last: { readonly written: Partial<SpecFields>; readonly room: CheckedRoom } | null = null;

  parse(value: unknown): RememberedSpec {
    const fields = readSpecFields(value);
    if (this.#last === null || !roomKeys.every((key) => samePlain(fields[key], this.#last?.written[key]))) {
      // Checked is the copy: a getter or a proxy may say something else each time it is asked.
      const written = { ...fields };
      for (const key of roomKeys) written[key] = copyPlain(fields[key]);
      this.#last = { written, room: parseRoomFields(written) };
    }
    const { room } = this.#last;
    return { spec: joinSpec(room, fields), room };
  }
}
