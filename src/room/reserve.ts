import type { FreshPlaces, RoomPlace, RoomPlaces } from '../host/places.js';
import type { CheckedIdentity } from '../spec/checked.js';

export interface ReserveParts {
  /** How many blank rooms are kept ready. */
  readonly size: number;
  readonly fresh: FreshPlaces;
  /** Makes the blank room of a place; resolves when it waits. */
  readonly prepare: (place: RoomPlace) => Promise<void>;
}

/** Milliseconds. */
const REST = 5;

/**
 * Blank rooms made ahead: namespaces, ids, cgroup and the kernel's file systems, without anything that a spec decides. Each
 * is used once. An empty reserve is no error: the room is then made from nothing, as it would have been anyway.
 */
export class Reserve implements RoomPlaces {
  readonly #parts: ReserveParts;
  readonly #ready: RoomPlace[] = [];
  readonly #making = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
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

  /**
   * No spawn is under way: what is missing is made after a moment of rest, because it would compete with the next spawn
   * and with the end of the last room; sooner when little is left.
   */
  rest(): void {
    clearTimeout(this.#timer);
    const missing = this.#parts.size - this.#ready.length - this.#making.size;
    if (missing <= 0 || this.#closed) return;
    const urgent = this.#ready.length * 2 < this.#parts.size;
    this.#timer = setTimeout(() => this.fill(), urgent ? 0 : REST);
    this.#timer.unref();
  }

  /** A spawn is under way. */
  hold(): void {
    clearTimeout(this.#timer);
  }

  /** Starts to make what is missing. */
  fill(): void {
    while (!this.#closed && this.#ready.length + this.#making.size < this.#parts.size) {
      const made = this.#make();
      this.#making.add(made);
      void made.then(() => this.#making.delete(made));
    }
  }

  /** Resolves when nothing is being made. */
  async filled(): Promise<void> {
    while (this.#making.size > 0) await Promise.all(this.#making);
  }

  /** Once native code has ended all blank rooms. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.filled();
    for (const place of this.#ready.splice(0)) this.#parts.fresh.giveBack(place);
  }

  /** What stands in the way of one stands in the way of the next room as well, and that one has somebody to tell. */
  async #make(): Promise<void> {
    let place: RoomPlace;
    try {
      place = { ...this.#parts.fresh.take('mapped'), prepared: true };
    } catch {
      return;
    }
    try {
      await this.#parts.prepare(place);
      if (this.#closed) this.#parts.fresh.giveBack(place);
      else this.#ready.push(place);
    } catch {
      this.#parts.fresh.giveBack(place);
    }
  }
}
