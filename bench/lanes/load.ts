import { setTimeout as sleep } from 'node:timers/promises';
import { percentiles, type Percentiles } from '../statistics.js';
import { LoopWatch, type LoopReport } from './loop-watch.js';
import type { Sample } from './protocol.js';

/** `rooms` of them, `inFlight` at a time: the next one starts when nothing is left of an earlier one. */
export interface ClosedLoop {
  readonly inFlight: number;
  readonly rooms: number;
}

/** Requests that come when they come, on average `perSecond`, with Poisson's gaps. */
export interface OpenLoop {
  readonly perSecond: number;
  readonly milliseconds: number;
  /** When they come, as multiples of the mean gap, one after another and again from the first: the same for all lanes. */
  readonly gaps: readonly number[];
}

export type LoadRequest = ClosedLoop | OpenLoop;

export interface LoadReport {
  readonly rooms: number;
  /** From the first request until nothing is left of the last room. */
  readonly milliseconds: number;
  /** First bytes, in microseconds since the room was due. */
  readonly first: Percentiles;
  readonly loop: LoopReport;
}

export function isLoadRequest(value: unknown): value is LoadRequest {
  return typeof value === 'object' && value !== null && ('inFlight' in value || 'perSecond' in value);
}

export async function closedLoop(
  start: () => Promise<Sample>,
  { inFlight, rooms }: ClosedLoop,
): Promise<LoadReport> {
  return watched(async (firsts) => {
    let left = rooms;
    const slot = async (): Promise<void> => {
      while (left-- > 0) firsts.push((await start()).first);
    };
    await Promise.all(Array.from({ length: Math.min(inFlight, rooms) }, slot));
  });
}

/**
 * A request that comes while the event loop is blocked has waited already when it is seen: what counts is when it was due,
 * or the slowest contender would look best because it asks less often.
 */
export async function openLoop(
  start: () => Promise<Sample>,
  { perSecond, milliseconds, gaps }: OpenLoop,
): Promise<LoadReport> {
  return watched(async (firsts) => {
    const running: Promise<void>[] = [];
    const begin = performance.now();
    for (let request = 0, due = begin; due - begin < milliseconds; request++) {
      const wait = due - performance.now();
      if (wait > 0.5) await sleep(wait);
      const late = Math.max(0, performance.now() - due) * 1000;
      running.push(start().then((sample) => void firsts.push(sample.first + late)));
      due += ((gaps[request % gaps.length] ?? 1) * 1000) / perSecond;
    }
    await Promise.all(running);
  });
}

async function watched(run: (firsts: number[]) => Promise<void>): Promise<LoadReport> {
  const firsts: number[] = [];
  const watch = new LoopWatch();
  const begin = performance.now();
  try {
    await run(firsts);
  } finally {
    watch.stop();
  }
  return {
    rooms: firsts.length,
    milliseconds: performance.now() - begin,
    first: percentiles(firsts),
    loop: watch.report(),
  };
}
