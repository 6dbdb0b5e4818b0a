import type { ResolvedSpec } from '../host/resolved-room.js';
import { dependsOnSources, sameShape, type RoomShape } from '../plan/shape.js';
import type { Filler } from './lull.js';
import { Stock } from './stock.js';
import type { WaitingRoom } from './waiting.js';

export interface AheadParts {
  /** How many rooms are kept waiting. */
  readonly size: number;
  /** Milliseconds after which rooms that nobody used are given up. */
  readonly patience: number;
  /** Launches a room for a spec, without its command. */
  readonly make: (resolved: ResolvedSpec, shape: RoomShape) => Promise<WaitingRoom>;
  /** Hears why one could not be made. */
  readonly failed: (error: unknown) => void;
}

/** What setTimeout() can wait for. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Rooms that wait for a spec that comes again and again: most programs spawn the same room with another command. What was
 * spawned twice in a row is expected a third time, and kept until another spec is, or nobody comes.
 */
export class Ahead implements Filler {
  readonly eager = false;
  readonly #parts: AheadParts;
  #last: RoomShape | null = null;
  #expected: { readonly shape: RoomShape; readonly stock: Stock } | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: AheadParts) {
    this.#parts = parts;
  }

  get missing(): boolean {
    return this.#expected?.stock.missing ?? false;
  }

  get urgent(): boolean {
    return this.#expected?.stock.urgent ?? false;
  }

  /** How many rooms it is about to keep. */
  get size(): number {
    return this.#expected === null ? 0 : this.#parts.size;
  }

  make(): Promise<boolean> {
    return this.#expected?.stock.make() ?? Promise.resolve(false);
  }

  /** A room for a spec of that shape, if one waits. */
  take(shape: RoomShape): WaitingRoom | undefined {
    if (this.#expected === null || !sameShape(this.#expected.shape, shape)) return undefined;
    this.#timer?.refresh();
    return this.#expected.stock.take();
  }

  /** Such a room was made, and runs. */
  learn(resolved: ResolvedSpec, shape: RoomShape): void {
    const again = this.#last !== null && sameShape(this.#last, shape);
    this.#last = shape;
    if (!again || this.#parts.size === 0 || dependsOnSources(resolved)) return;
    if (this.#expected !== null && sameShape(this.#expected.shape, shape)) return;
    void this.giveUp();
    const { size, patience, make, failed } = this.#parts;
    const stock = new Stock({ size, eager: false, make: () => make(resolved, shape), failed });
    this.#expected = { shape, stock };
    this.#timer = setTimeout(() => void this.giveUp(), Math.min(patience, LONGEST_TIMER));
    this.#timer.unref();
  }

  /** Expects nothing any more; resolves when nothing of the rooms is left. */
  async giveUp(): Promise<void> {
    clearTimeout(this.#timer);
    const stock = this.#expected?.stock;
    this.#expected = null;
    await stock?.close();
  }
}
