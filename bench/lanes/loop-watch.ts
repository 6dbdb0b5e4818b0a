import { closeSync, openSync, readSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** How well the event loop turned. Milliseconds. */
export interface LoopReport {
  /** monitorEventLoopDelay at a resolution of 1 ms, so that 1.0 is an idle loop. */
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  /**
   * The longest time between two turns of a timer of 1 ms for which the thread was on a processor: what JavaScript and
   * native code did there. The rest of a delay is other threads and processes on the same processors. The kernel counts
   * that time at every switch and tick, so it may be one tick (1 to 10 ms) too much, but never more than the whole turn.
   */
  readonly block: number;
}

const resolution = 1;

/** Watches the event loop of this thread until `stop()`. */
export class LoopWatch {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution });
  /** The time on a processor, in nanoseconds, is the first of the three numbers. */
  readonly #schedule = openSync('/proc/thread-self/schedstat', 'r');
  readonly #buffer = Buffer.alloc(64);
  readonly #timer: NodeJS.Timeout;
  #last = { at: performance.now(), used: this.#onProcessor() };
  #block = 0;

  constructor() {
    this.#delay.enable();
    this.#timer = setInterval(() => this.#turn(), resolution);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#turn();
    this.#delay.disable();
    closeSync(this.#schedule);
  }

  report(): LoopReport {
    const milliseconds = (nanoseconds: number) => Math.round(nanoseconds / 1e4) / 100;
    return {
      p50: milliseconds(this.#delay.percentile(50)),
      p99: milliseconds(this.#delay.percentile(99)),
      most: milliseconds(this.#delay.max),
      block: milliseconds(this.#block),
    };
  }

  #turn(): void {
    const now = { at: performance.now(), used: this.#onProcessor() };
    const turn = (now.at - this.#last.at) * 1e6;
    this.#block = Math.max(this.#block, Math.min(turn, now.used - this.#last.used));
    this.#last = now;
  }

  #onProcessor(): number {
    const length = readSync(this.#schedule, this.#buffer, 0, this.#buffer.length, 0);
    return Number(this.#buffer.toString('latin1', 0, length).split(' ')[0]);
  }
}
