import type { Timings } from '../../src/index.js';

/** How many rooms are remembered. */
export const RECENT = 32;

/** A start before there was any, as an idle machine does it. */
const FIRST: readonly number[] = [500, 1000, 1000, 2000, 1000];

/**
 * What the last rooms took from `spawn()` until their commands ran, phase by phase: on a busy machine a room waits many times
 * longer than it is worked on.
 */
export class Pace {
  readonly #recent: (readonly number[])[] = [];
  #next = 0;

  learn({ phases }: Timings): void {
    this.#recent[this.#next] = Object.values(phases);
    this.#next = (this.#next + 1) % RECENT;
  }

  /**
   * Microseconds until `share` thousandths of the phases are over, with the times of one of the last rooms, `like`, 0 to 31. Each
   * phase has as great a part as any other, however short it is.
   */
  part(like: number, share: number): number {
    const phases = this.#recent[like % Math.max(1, this.#recent.length)] ?? FIRST;
    const passed = (share / 1000) * phases.length;
    return phases.reduce((sum, phase, at) => sum + phase * Math.min(1, Math.max(0, passed - at)), 0);
  }
}
