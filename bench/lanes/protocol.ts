import { createInterface } from 'node:readline';

/**
 * How the bench talks to a lane. A lane is a process: it prepares itself, tries one room, says `ready` or `failed`, then
 * answers every line on its stdin with one measurement on its stdout, each a line of JSON. The end of stdin ends it; it
 * undoes what it made, so nothing is left when the bench dies. Processes of their own keep lanes from heating or
 * slowing each other (heap, JIT, open fds), and a lane may be written in C as well as in TypeScript.
 */
export type LaneMessage =
  { readonly ready: true; readonly note?: string } | { readonly failed: string } | Sample;

/** One room, in microseconds since the request. */
export interface Sample {
  /** The caller has the first byte of the program's output. */
  readonly first: number;
  /** The caller knows how the program ended. */
  readonly exit: number;
  /** The call that starts the room has returned: how long it blocks the event loop. */
  readonly call?: number;
}

export interface Lane {
  /** Starts one room and waits until nothing of it is left, so that lanes do not work into each other's time. */
  measure(): Promise<Sample>;
  close?(): Promise<void>;
}

/** Runs a lane in this process until stdin ends. */
export async function serveLane(open: () => Promise<Lane>): Promise<void> {
  process.stdout.on('error', () => undefined); // the bench is gone: stdin ends too, and then this lane does, in order
  let lane: Lane | undefined;
  try {
    lane = await open();
    await lane.measure();
    say({ ready: true });
    const requests = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    while (!(await requests.next()).done) say(await lane.measure());
  } catch (error) {
    say({ failed: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  } finally {
    await lane?.close?.();
  }
}

/** Reads a line a lane has written; undefined when it is none of these. */
export function parseLaneMessage(line: string): LaneMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const known =
    ('ready' in value && value.ready === true) ||
    ('failed' in value && typeof value.failed === 'string') ||
    ('first' in value &&
      typeof value.first === 'number' &&
      'exit' in value &&
      typeof value.exit === 'number');
  return known ? (value as LaneMessage) : undefined;
}

/** Microseconds between two readings of `performance.now()`. */
export function microseconds(from: number, to: number): number {
  return Math.round((to - from) * 10_000) / 10;
}

function say(message: LaneMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
