import { setTimeout as sleep } from 'node:timers/promises';

/** Memory of this process at one moment, in bytes. */
export interface MemorySample {
  /** How far the soak was, 0 to 1. */
  readonly at: number;
  readonly rooms: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external: number;
}

/** Once everything that can be collected is; `node --expose-gc`. */
export async function sampleMemory(at: number, rooms: number): Promise<MemorySample> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('memory can only be compared after a collection: node --expose-gc');
  // What one collection finalizes frees what the next one finds.
  for (let round = 0; round < 3; round++) {
    gc();
    await sleep(20);
  }
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return { at, rooms, rss, heapUsed, heapTotal, external };
}

/** Growth of RSS from when everything is warm to the end. */
export function driftOf(samples: readonly MemorySample[]): number {
  const warm = warmOf(samples);
  const last = samples.at(-1);
  return warm === undefined || last === undefined ? 0 : last.rss - warm.rss;
}

/**
 * The end of the first tenth; in a short soak later: V8 takes memory for its heap in steps, up to about the two thousandth
 * room. At half time at the latest.
 */
function warmOf(samples: readonly MemorySample[]): MemorySample | undefined {
  return samples.find(({ at, rooms }) => at >= WARM && (rooms >= WARM_ROOMS || at >= 0.5));
}

const WARM_ROOMS = 2000;

/** How much of a soak is for warming up. */
export const WARM = 0.1;

export const MOST_DRIFT = 20_000_000;
