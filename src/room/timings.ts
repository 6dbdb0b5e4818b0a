import type { NativeMarks } from '../../types/event.js';

/** Where the time of a start went. Microseconds throughout, by CLOCK_MONOTONIC. */
export interface Timings {
  /** From the call of `spawn()` or `exec()` until execve of the program had succeeded. */
  readonly total: number;
  /** Duration of each phase, in the order in which they happened; docs/performance.md says what each one holds. */
  readonly phases: Readonly<Record<string, number>>;
}

/** Collects the phases of one start: those on the JavaScript thread as they pass, then the marks of native code. */
export class PhaseClock {
  readonly #phases = new Map<string, number>();
  #last = process.hrtime.bigint();
  #total = 0;

  /** The phase that began with the last call, or with the clock, is over. */
  end(phase: string): void {
    const now = process.hrtime.bigint();
    this.#add(phase, Number(now - this.#last) / 1000);
    this.#last = now;
  }

  /** Native marks count from the call of launch() or exec(); each one ends the phase that bears its name. */
  timings(marks: NativeMarks): Timings {
    const phases = new Map(this.#phases);
    let last = 0;
    for (const [name, at] of Object.entries(marks).sort(([, a], [, b]) => a - b)) {
      phases.set(name, Math.round((at - last) * 10) / 10);
      last = at;
    }
    const total = Math.round((this.#total + last) * 10) / 10;
    return Object.freeze({ total, phases: Object.freeze(Object.fromEntries(phases)) });
  }

  #add(phase: string, duration: number): void {
    this.#total += duration;
    this.#phases.set(phase, Math.round(duration * 10) / 10);
  }
}
