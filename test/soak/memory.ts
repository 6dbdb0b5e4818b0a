import { setTimeout as sleep } from 'node:timers/promises';
import type { Allocator } from './allocator.js';

/** Memory of this process at one moment, in bytes. */
export interface MemorySample {
  /** How far the soak was, 0 to 1. */
  readonly at: number;
  readonly rooms: number;
  /** As it was found, with what the allocator keeps for the next who asks. */
  readonly rss: number;
  /** Once that is given back. */
  readonly trimmed: number;
  /** What the allocator has given out. */
  readonly malloc: number;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external: number;
}

/** Once everything that can be collected is; `node --expose-gc`. */
export async function sampleMemory(at: number, rooms: number, allocator: Allocator): Promise<MemorySample> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('memory can only be compared after a collection: node --expose-gc');
  // What one collection finalizes frees what the next one finds.
  for (let round = 0; round < 3; round++) {
    gc();
    await sleep(20);
  }
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const malloc = allocator.inUse();
  allocator.trim();
  const trimmed = process.memoryUsage.rss();
  return { at, rooms, rss, trimmed, malloc, heapUsed, heapTotal, external };
}

/** Growth from when everything is warm to the end. */
export interface Drift {
  /** RSS without what the allocator keeps. */
  readonly rss: number;
  /** What somebody has of the allocator (with what Node calls external) and of V8's heap. */
  readonly inUse: number;
}

export function driftOf(samples: readonly MemorySample[]): Drift {
  const warm = warmOf(samples);
  const last = samples.at(-1);
  if (warm === undefined || last === undefined) return { rss: 0, inUse: 0 };
  const inUse = ({ malloc, heapUsed }: MemorySample): number => malloc + heapUsed;
  return { rss: last.trimmed - warm.trimmed, inUse: inUse(last) - inUse(warm) };
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

/** Bars for a Drift. */
export const MOST_DRIFT: Drift = { rss: 20_000_000, inUse: 5_000_000 };
