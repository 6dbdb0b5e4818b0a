import type { FreshPlaces, RoomPlace, RoomPlaces } from '../host/places.js';
import type { CheckedIdentity } from '../spec/checked.js';

export interface ReserveParts {
  /** How many blank rooms are kept ready. */
  readonly size: number;
  readonly fresh: FreshPlaces;
  /** Makes the blank room of a place; resolves when it waits. */
  readonly prepare: (place: RoomPlace) => Promise<void>;
  /** Hears why one could not be made. */
  readonly failed: (error: unknown) => void;
}

/** Milliseconds without a spawn after which a reserve that is not empty is filled up. */
const REST = 5;

/**
 * Blank rooms made ahead: namespaces, ids, cgroup and the kernel's file systems, without anything that a spec decides. Each
 * is used once. An empty reserve is no error: the room is then made from nothing, as it would have been anyway.
 */
export class Reserve implements RoomPlaces {
  readonly #parts: ReserveParts;
  readonly #ready: RoomPlace[] = [];
  #filling: Promise<boolean> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #spawning = 0;
  /** Who waits for it to be full. */
  #waited = 0;
  #closed = false;

  constructor(parts: ReserveParts) {
    this.#parts = parts;
  }

  take(identity: CheckedIdentity): RoomPlace {
    const ready = identity === 'mapped' ? this.#ready.shift() : undefined;
    return ready ?? this.#parts.fresh.take(identity);
  }

  /** Gives back a place that no room was launched in, or whose room is gone. */
  giveBack(place: RoomPlace, launched: boolean): void {
    if (place.prepared && !launched && !this.#closed) this.#ready.push(place);
    else this.#parts.fresh.giveBack(place);
  }

  /** A spawn is under way until the promise settles. Blank rooms are made in between: they would compete with it. */
  async during<T>(spawn: Promise<T>): Promise<T> {
    this.#spawning++;
    clearTimeout(this.#timer);
    try {
      return await spawn;
    } finally {
      if (--this.#spawning === 0) this.#rest();
    }
  }

  /** Makes what is missing; resolves when nothing is missing, or no more can be made. */
  async fill(): Promise<void> {
    this.#waited++;
    while (this.#missing && (await this.#makeMissing())) {}
    this.#waited--;
  }

  /** No more is made. Before native code ends what waits. */
  stop(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Gives all ids back, when native code has ended what waited. */
  async close(): Promise<void> {
    this.stop();
    await this.#filling;
    for (const place of this.#ready.splice(0)) this.#parts.fresh.giveBack(place);
  }

  get #missing(): boolean {
    return !this.#closed && this.#ready.length < this.#parts.size;
  }

  /** After a moment, because the next spawn and the end of the last room come first; at once when little is left. */
  #rest(): void {
    if (!this.#missing) return;
    const urgent = this.#ready.length * 2 < this.#parts.size;
    this.#timer = setTimeout(() => void this.#makeMissing(), urgent ? 0 : REST);
    this.#timer.unref();
  }

  /** One after the other, until a spawn comes that nobody who waits for the reserve minds. False when one could not be made. */
  #makeMissing(): Promise<boolean> {
    return (this.#filling ??= this.#fillUp().finally(() => (this.#filling = null)));
  }

  async #fillUp(): Promise<boolean> {
    while (this.#missing && (this.#spawning === 0 || this.#waited > 0))
      if (!(await this.#make())) return false;
    return true;
  }

  /** What stands in the way of one stands in the way of the next room as well, and that one has somebody to tell. */
  async #make(): Promise<boolean> {
    let place: RoomPlace | null = null;
    try {
      place = { ...this.#parts.fresh.take('mapped'), prepared: true };
      await this.#parts.prepare(place);
    } catch (error) {
      if (place !== null) this.#parts.fresh.giveBack(place);
      if (!this.#closed) this.#parts.failed(error);
      return false;
    }
    if (this.#closed) this.#parts.fresh.giveBack(place);
    else this.#ready.push(place);
    return true;
  }
}
