/**
 * How the bench talks to a lane. A lane is a process: it prepares itself, tries one room, says `ready` or `failed`, then
 * answers every line on its stdin with one object on its stdout, each a line of JSON. The end of stdin ends it; it
 * undoes what it made, so nothing is left when the bench dies. Processes of their own keep lanes from heating or
 * slowing each other (heap, JIT, open fds), and a lane may be written in C as well as in TypeScript.
 */
export type LaneMessage =
  | { readonly ready: true; readonly note?: string }
  | { readonly failed: string }
  | { readonly answer: Readonly<Record<string, unknown>> };

/** The request that every lane understands, those in C as well: one room. Its answer is a {@link Sample}. */
export const oneRoom = 'go';

/** One room, in microseconds since the request. */
export interface Sample {
  /** The caller has the first byte of the program's output. */
  readonly first: number;
  /** The caller knows how the program ended. */
  readonly exit: number;
  /** The call that starts the room has returned: how long it blocks the event loop. */
  readonly call?: number;
  /** Where the time went, in the order in which it did: `room.timings.phases`. */
  readonly phases?: Readonly<Record<string, number>>;
}

/** Reads a line a lane has written; undefined when it is none of these. */
export function parseLaneMessage(line: string): LaneMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if ('ready' in value) return value.ready === true ? (value as LaneMessage) : undefined;
  if ('failed' in value) return typeof value.failed === 'string' ? (value as LaneMessage) : undefined;
  return { answer: value as Record<string, unknown> };
}

/** Whether an answer is a measured room. */
export function isSample(answer: object): answer is Sample {
  return (
    'first' in answer &&
    typeof answer.first === 'number' &&
    'exit' in answer &&
    typeof answer.exit === 'number'
  );
}
