/**
 * The lanes of the library itself: one Anchor, one room per request, made for it or taken from a pool that is full.
 *
 * usage: node room.js '{"plank": "/path", "pool": 8}'
 */
import { Anchor, type Room } from '../../src/index.js';
import type { Sample } from './protocol.js';
import { type Starter, microseconds, serveStarter } from './serve.js';

export interface RoomLane {
  readonly plank: string;
  /** Rooms that wait with everything applied; none: each is made by `spawn()`. */
  readonly pool?: number;
  /** `AnchorOptions.reserve`; default: the library's own. */
  readonly reserve?: number;
}

const command = ['/bin/tiny'];
/** The same streams as the lanes of commands: only stdout. */
const stdio = ['ignore', 'pipe', 'ignore'] as const;

async function measure(request: () => Promise<Room>): Promise<Sample> {
  const start = performance.now();
  const spawning = request();
  const called = performance.now();
  const room = await spawning;
  let first = NaN;
  const ended = new Promise<void>((resolve, reject) => {
    room.stdout?.once('data', () => (first = performance.now()));
    room.stdout?.once('error', reject);
    room.stdout?.once('close', resolve);
  });
  let exit = NaN;
  const exited = room.exited.finally(() => (exit = performance.now()));
  const [outcome] = await Promise.all([exited, ended]);
  await room[Symbol.asyncDispose]();
  if (outcome.exitCode !== 0 || Number.isNaN(first)) {
    throw new Error(`the room ended with ${outcome.reason} (exit code ${outcome.exitCode})`);
  }
  return {
    first: microseconds(start, first),
    exit: microseconds(start, exit),
    call: microseconds(start, called),
    phases: room.timings.phases,
  };
}

function spawning(anchor: Anchor, plank: string): Starter {
  return {
    start: () => measure(() => anchor.spawn({ plank, command, stdio })),
    rested: () => anchor.ready(),
    close: () => anchor.close(),
  };
}

function pooled(anchor: Anchor, plank: string, size: number): Starter {
  const pool = anchor.pool({ plank, stdio }, { size });
  return {
    start: () => measure(() => pool.take({ command })),
    rested: () => pool.ready(),
    close: () => anchor.close(),
  };
}

const { plank, pool, reserve } = JSON.parse(process.argv[2] ?? '') as RoomLane;
await serveStarter(async () => {
  const anchor = await Anchor.open(reserve === undefined ? {} : { reserve });
  try {
    const starter = pool === undefined ? spawning(anchor, plank) : pooled(anchor, plank, pool);
    await starter.rested?.();
    return starter;
  } catch (error) {
    await anchor.close();
    throw error;
  }
});
