import type { CheckedRoom, CheckedSpec } from './checked.js';
import { copyPlain, sameBut, samePlain } from './plain.js';
import { joinSpec, parseRoomFields, readSpecFields, withCommand, type SpecFields } from './parse.js';

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
    'nix',
    'services',
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
  #last: { readonly written: SpecFields; readonly room: CheckedRoom } | null = null;
  #whole: { readonly written: Readonly<Record<string, unknown>>; readonly asked: RememberedSpec } | null =
    null;

  parse(value: unknown): RememberedSpec {
    const again = this.#sameButCommand(value);
    if (again !== null) return again;
    const fields = readSpecFields(value);
    if (this.#last === null || !roomKeys.every((key) => samePlain(fields[key], this.#last?.written[key]))) {
      // Checked is the copy: a getter or a proxy may say something else each time it is asked.
      const written = Object.fromEntries(roomKeys.map((key) => [key, copyPlain(fields[key])])) as SpecFields;
      this.#last = { written, room: parseRoomFields(written) };
    }
    const { room, written: ofRoom } = this.#last;
    const written: Record<string, unknown> = {};
    for (const key of Object.keys(fields) as (keyof SpecFields)[])
      written[key] = key in ofRoom ? ofRoom[key] : copyPlain(fields[key]);
    const asked = { spec: joinSpec(room, written as SpecFields), room };
    this.#whole = { written, asked };
    return asked;
  }

  #sameButCommand(value: unknown): RememberedSpec | null {
    if (this.#whole === null) return null;
    const { written, asked } = this.#whole;
    const command = sameBut(value, written, 'command');
    return command === undefined ? null : { spec: withCommand(asked.spec, command), room: asked.room };
  }
}
