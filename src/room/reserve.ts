import type { FreshPlaces, RoomPlace, RoomPlaces } from '../host/places.js';
import type { CheckedIdentity } from '../spec/checked.js';
import type { Filler } from './lull.js';

export interface ReserveParts {
  /** How many blank rooms are kept ready, at this moment. */
  readonly size: () => number;
  readonly fresh: FreshPlaces;
  /** Makes the blank room of a place; resolves when it waits. */
  readonly prepare: (place: RoomPlace) => Promise<void>;
  /** Hears why one could not be made. */
  readonly failed: (error: unknown) => void;
}

/**
 * Blank rooms made ahead: namespaces, ids, cgroup and the kernel's file systems, without anything that a spec decides. Each
 * is used once. An empty reserve is no error: the room is then made from nothing, as it would have been anyway.
 */
export class Reserve implements RoomPlaces, Filler {
  readonly eager = false;
  readonly #parts: ReserveParts;
  readonly #ready: RoomPlace[] = [];
  #closed = false;

  constructor(parts: ReserveParts) {
    this.#parts = parts;
  }

  get missing(): boolean {
    return !this.#closed && this.#ready.length < this.#parts.size();
  }

  get urgent(): boolean {
    return this.#ready.length * 2 < this.#parts.size();
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

  /** Gives all ids back, when native code has ended what waited. */
  close(): void {
    this.#closed = true;
    for (const place of this.#ready.splice(0)) this.#parts.fresh.giveBack(place);
  }

  async make(): Promise<boolean> {
    let place: RoomPlace | null = null;
    try {
      place = { ...this.#parts.fresh.take('mapped'), prepared: true };
      await this.#parts.prepare(place);
    } catch (error) {
      if (place !== null) this.#parts.fresh.giveBack(place);
      // Whatever stands in the way of the next spawn as well has somebody to tell then.
      if (!this.#closed) this.#parts.failed(error);
      return false;
    }
    if (this.#closed) this.#parts.fresh.giveBack(place);
    else this.#ready.push(place);
    return true;
  }
}
