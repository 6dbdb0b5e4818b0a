/** What setTimeout() can wait for; more it takes for nothing. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Sees to it that planks which nobody has used for a while are let go: each holds a mount, and most of them a loop device. */
export class PlankRest {
  readonly #idle: number;
  readonly #release: (idle: number) => Promise<number | null>;
  #timer: NodeJS.Timeout | undefined;
  #uses = 0;
  #stopped = false;

  /** `release` lets go of those that are idle for so many milliseconds, and says when the next one will be, if there is one. */
  constructor(idle: number, release: (idle: number) => Promise<number | null>) {
    this.#idle = idle;
    this.#release = release;
  }

  /** A plank has been used. To be said afterwards: what is not mounted yet would be missed. */
  used(): void {
    this.#uses++;
    if (this.#timer === undefined) this.#wait(this.#idle);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wait(milliseconds: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#look(), Math.min(milliseconds, LONGEST_TIMER));
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const seen = this.#uses;
    // It fails when the Anchor is closed, which lets go of all of them.
    const next = await this.#release(this.#idle).catch(() => null);
    this.#timer = undefined;
    if (next !== null) this.#wait(next);
    else if (this.#uses > seen) this.#wait(this.#idle);
  }
}
