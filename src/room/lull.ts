/** Something that is made ahead, one piece after the other. */
export interface Filler {
  readonly missing: boolean;
  /** Little is left. */
  readonly urgent: boolean;
  /** It does not wait for a moment without a spawn. */
  readonly eager: boolean;
  /** Makes one; false when that failed. Never rejects. */
  make(): Promise<boolean>;
}

/** Milliseconds without a spawn after which is made what is not urgent. */
const REST = 5;

/** Milliseconds until the rest: whoever has just got a room uses it first, on this same thread. */
const SOON = 1;

/**
 * The moments in which nobody waits for a room: what is made ahead is made then, because it would compete with spawns. On
 * a host that is never at rest, rooms are made from nothing, as they would have been anyway.
 */
export class Lull {
  /** What comes first is filled first. */
  readonly #fillers: Filler[] = [];
  #filling: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #delay = 0;
  #spawning = 0;
  /** Who waits for all of it. */
  #waited = 0;
  #stopped = false;

  add(filler: Filler): void {
    this.#fillers.push(filler);
    this.filled();
  }

  remove(filler: Filler): void {
    const index = this.#fillers.indexOf(filler);
    if (index >= 0) this.#fillers.splice(index, 1);
  }

  /** A spawn is under way until the promise settles. What would be made meanwhile finds that out when its time comes. */
  async during<T>(spawn: Promise<T>): Promise<T> {
    this.#spawning++;
    try {
      return await spawn;
    } finally {
      this.#spawning--;
      this.filled();
    }
  }

  /** Of a spawn that is under way: it waits for what a room does, and meanwhile nobody waits for us. */
  async aside<T>(wait: Promise<T>): Promise<T> {
    this.#spawning--;
    this.filled();
    try {
      return await wait;
    } finally {
      this.#spawning++;
    }
  }

  /** Something was taken, or is wanted: sees to it that it is made in time. */
  filled(): void {
    if (this.#stopped) return;
    const wanting = this.#fillers.filter(({ missing, eager }) => missing && (eager || this.#spawning === 0));
    if (wanting.length === 0) return;
    const eager = wanting.some((filler) => filler.eager);
    // One take after the other must not put it off for ever.
    if (eager && this.#timer !== undefined && this.#delay === SOON) return;
    clearTimeout(this.#timer);
    this.#delay = eager || wanting.some(({ urgent }) => urgent) ? SOON : REST;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#fill();
    }, this.#delay);
    this.#timer.unref();
  }

  /** Makes what is missing, spawns or not; resolves when nothing is missing, or no more can be made. */
  async fill(): Promise<void> {
    this.#waited++;
    await this.#filling; // it may be about to stop because of a spawn
    await this.#fill();
    this.#waited--;
  }

  /** Nothing more is made; resolves when what was being made is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#filling;
  }

  #fill(): Promise<void> {
    return (this.#filling ??= this.#fillUp().finally(() => (this.#filling = null)));
  }

  async #fillUp(): Promise<void> {
    // What stands in the way of one stands in the way of the next as well.
    const failed = new Set<Filler>();
    for (;;) {
      const rest = this.#spawning === 0 || this.#waited > 0;
      const next = this.#fillers.find((each) => each.missing && !failed.has(each) && (rest || each.eager));
      if (next === undefined || this.#stopped) return;
      if (!(await next.make())) failed.add(next);
    }
  }
}
