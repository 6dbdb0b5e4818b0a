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
  readonly #phases: (readonly [name: string, duration: number])[] = [];
  #last = performance.now();

  /** The phase that began with the last call, or with the clock, is over. */
  end(phase: string): void {
    const now = performance.now();
    this.#phases.push([phase, (now - this.#last) * 1000]);
    this.#last = now;
  }

  /** Native marks count from the call of launch() or exec(); each one ends the phase that bears its name. */
  timings(marks: NativeMarks): Timings {
    const phases = [...this.#phases];
    let last = 0;
    for (const [name, at] of Object.entries(marks).sort(([, a], [, b]) => a - b)) {
      phases.push([name, at - last]);
      last = at;
    }
    const total = phases.reduce((sum, [, duration]) => sum + duration, 0);
    const rounded = phases.map(([name, duration]) => [name, tenths(duration)] as const);
    return Object.freeze({ total: tenths(total), phases: Object.freeze(Object.fromEntries(rounded)) });
  }
}

function tenths(microseconds: number): number {
  return Math.round(microseconds * 10) / 10;
}
