import type { Sample } from '../lanes/protocol.js';
import { shuffled } from '../statistics.js';

/** What the rounds need of a lane. */
export interface Measurable {
  readonly name: string;
  measure(): Promise<Sample>;
}

export interface RoundsOptions {
  readonly rounds: number;
  /** Rounds before them that do not count: caches fill, the JIT compiles. */
  readonly warmup: number;
  readonly random: () => number;
  readonly signal: AbortSignal;
  onRound?(done: number): void;
}

export interface RoundsResult {
  readonly samples: Map<string, Sample[]>;
  /** Lanes that stopped, with the reason; their samples until then remain. */
  readonly failures: Map<string, string>;
}

/**
 * Asks every lane once per round, one at a time, in an order that is drawn anew for every round. A machine gets slower
 * and faster while a run lasts (by a factor of 1.6 within two hours where this was written), so only values of the same
 * rounds may be compared; and the random order keeps one lane from always running in another one's wake.
 */
export async function runRounds(lanes: readonly Measurable[], options: RoundsOptions): Promise<RoundsResult> {
  const samples = new Map<string, Sample[]>(lanes.map((lane) => [lane.name, []]));
  const failures = new Map<string, string>();
  for (let round = -options.warmup; round < options.rounds; round++) {
    for (const lane of shuffled(lanes, options.random)) {
      options.signal.throwIfAborted();
      if (failures.has(lane.name)) continue;
      try {
        const sample = await lane.measure();
        if (round >= 0) samples.get(lane.name)?.push(sample);
      } catch (error) {
        failures.set(lane.name, error instanceof Error ? error.message : String(error));
      }
    }
    if (round >= 0) options.onRound?.(round + 1);
  }
  return { samples, failures };
}
