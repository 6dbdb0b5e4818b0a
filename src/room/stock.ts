import type { Filler } from './lull.js';
import type { WaitingRoom } from './waiting.js';

export interface StockParts {
  /** How many rooms are kept waiting. */
  readonly size: number;
  readonly eager: boolean;
  /** Launches one. */
  readonly make: () => Promise<WaitingRoom>;
  /** Hears why one could not be made. */
  readonly failed: (error: unknown) => void;
}

/** Waiting rooms of one shape. Each is used once: what untrusted code has seen is never given to anybody else. */
export class Stock implements Filler {
  readonly eager: boolean;
  readonly size: number;
  readonly #parts: StockParts;
  readonly #rooms = new Set<WaitingRoom>();
  #closed = false;

  constructor(parts: StockParts) {
    this.#parts = parts;
    this.eager = parts.eager;
    this.size = parts.size;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#rooms.size;
  }

  get missing(): boolean {
    return !this.#closed && this.#rooms.size < this.size;
  }

  get urgent(): boolean {
    return this.#rooms.size * 2 < this.size;
  }

  /** The one that has waited longest. */
  take(): WaitingRoom | undefined {
    for (const room of this.#rooms) {
      this.#rooms.delete(room);
      if (room.waiting) return room;
    }
    return undefined;
  }

  async make(): Promise<boolean> {
    try {
      const room = await this.#parts.make();
      this.#rooms.add(room);
      // Somebody may kill it while it waits, and more often its Anchor is closed.
      void room.over.promise.then(() => this.#rooms.delete(room));
      if (this.#closed) room.discard();
      return true;
    } catch (error) {
      if (!this.#closed) this.#parts.failed(error);
      return false;
    }
  }

  /** Ends all that wait; resolves when nothing of them is left. */
  async empty(): Promise<void> {
    const rooms = [...this.#rooms];
    this.#rooms.clear();
    for (const room of rooms) room.discard();
    await Promise.all(rooms.map(({ over }) => over.promise));
  }

  /** The same, for good. */
  close(): Promise<void> {
    this.#closed = true;
    return this.empty();
  }
}
