/** `unpack` a tar, `pack` the image, `sync` it to disk, `digest` it. A directory has no `unpack`. */
export type BuildPhase = 'unpack' | 'pack' | 'sync' | 'digest';

/** How far a build is. */
export interface PlankProgress {
  readonly phase: BuildPhase;
  /** 0 to 100 of this phase, never falling; null where the whole is not known (a stream, mkfs.erofs). */
  readonly percent: number | null;
}

/** Turns raw numbers into progress that only rises and is said once per percent. */
export class ProgressMeter {
  readonly #listener: ((progress: PlankProgress) => void) | undefined;
  #phase: BuildPhase | null = null;
  #percent: number | null = null;

  constructor(listener: ((progress: PlankProgress) => void) | undefined) {
    this.#listener = listener;
  }

  /** Starts a phase: at 0, or at null if how much there is to do is not known. */
  begin(phase: BuildPhase, measurable: boolean): void {
    this.#phase = phase;
    this.#percent = measurable ? 0 : null;
    this.#listener?.({ phase, percent: this.#percent });
  }

  /** `fraction` 0 to 1. Ignored in a phase that is not measurable. */
  advance(fraction: number): void {
    if (this.#phase === null || this.#percent === null) return;
    const percent = Math.min(100, Math.floor(fraction * 100));
    if (percent <= this.#percent) return;
    this.#percent = percent;
    this.#listener?.({ phase: this.#phase, percent });
  }

  /** The phase is done: 100, whatever was known before. */
  end(): void {
    if (this.#phase === null || this.#percent === 100) return;
    this.#percent = 100;
    this.#listener?.({ phase: this.#phase, percent: 100 });
  }
}
