import { requireSignal, type Abortable } from '../abort.js';
import { RoomError } from '../errors.js';
import type { CheckedSpec } from '../spec/checked.js';
import { conflict, readFields, readObject, wrongValue } from '../spec/field.js';
import { SpecMemory, type RememberedSpec } from '../spec/memory.js';
import { joinSpec, readSpecFields, withCommand, type SpecFields } from '../spec/parse.js';
import { copyPlain, sameBut } from '../spec/plain.js';
import { readInteger } from '../spec/scalar.js';
import { poolOptionKeys, takeOptionKeys } from '../spec/take-options.js';
import type { PoolOptions, PoolSpec, TakeOptions } from '../spec/take-options.js';
import { sameShape, type RoomShape } from '../plan/shape.js';
import type { RoomMaker } from './maker.js';
import type { Room } from './room.js';
import { Stock } from './stock.js';
import { PhaseClock } from './timings.js';
import type { WaitingRoom } from './waiting.js';

/** What a Pool is made of. @internal */
export interface PoolParts {
  readonly maker: RoomMaker;
  readonly spec: PoolSpec;
  readonly options: PoolOptions;
  /** Tells the world of an attempt, and keeps what is made ahead from competing with it. */
  readonly spawning: (spec: CheckedSpec, work: () => Promise<Room>) => Promise<Room>;
  /** Keeps the process alive meanwhile. */
  readonly holding: (work: () => Promise<void>) => Promise<void>;
  /** Hears why a room could not be made ahead. */
  readonly failed: (error: unknown) => void;
  readonly closed: () => void;
}

/** What a pool has done so far. */
export interface PoolCounters {
  /** Rooms that were taken, and had waited. */
  readonly hits: number;
  /** Rooms that were made when they were taken, because none waited. */
  readonly misses: number;
  /** Rooms that wait now. */
  readonly waiting: number;
  /** Rooms that were made ahead. */
  readonly made: number;
  /** Attempts to make one that failed; `anchor:reserve:error` of diagnostics_channel has the reasons. */
  readonly failed: number;
}

type SpecTaken = Readonly<Record<string, unknown>> & { readonly limits?: unknown };

const DEFAULT_SIZE = 8;
const MOST_ROOMS = 256;

/**
 * Rooms of one spec that are put together ahead, from `anchor.pool()`: everything is done but starting the command. Each is
 * used once. What lies on the host (plank, sources of mounts) is what it was when a room was made; when the plank has
 * become another one, those that wait are replaced with the next one that is made.
 */
export class Pool {
  /** Rooms that it keeps waiting. */
  readonly size: number;
  readonly #parts: PoolParts;
  readonly #stock: Stock;
  readonly #specs = new SpecMemory();
  /** Its spec, in a copy: whoever changes the object later changes nothing here. */
  readonly #written: SpecFields;
  readonly #asked: RememberedSpec;
  /** The last options without limits: most are the same again, with another command. */
  #taken: { readonly written: Readonly<Record<string, unknown>>; readonly asked: RememberedSpec } | null =
    null;
  #shape: RoomShape | null = null;
  #hits = 0;
  #misses = 0;
  #made = 0;
  #failed = 0;
  #closing: Promise<void> | undefined;
  readonly #end = new AbortController();

  /** @internal */
  constructor(parts: PoolParts) {
    this.#parts = parts;
    const { size, refill } = readFields(parts.options, 'options', poolOptionKeys);
    this.size = size === undefined ? DEFAULT_SIZE : readInteger(size, 'options.size', 1, MOST_ROOMS);
    if (refill !== undefined && refill !== 'eager' && refill !== 'idle')
      throw wrongValue('options.refill', '"eager" or "idle"', refill);
    this.#written = readSpecFields(copyPlain(parts.spec));
    this.#asked = this.#specs.parse({ ...this.#written, command: this.#written.command ?? ['true'] });
    this.#stock = new Stock({
      size: this.size,
      eager: refill !== 'idle',
      make: () => this.#make(),
      failed: (error) => {
        this.#failed++;
        parts.failed(error);
      },
    });
    parts.maker.lull.add(this.#stock);
  }

  get counters(): PoolCounters {
    const [hits, misses, made, failed] = [this.#hits, this.#misses, this.#made, this.#failed];
    return Object.freeze({ hits, misses, waiting: this.#stock.waiting, made, failed });
  }

  /** Resolves when as many rooms wait as shall, or no more can be made. */
  async ready(): Promise<void> {
    this.#requireOpen();
    await this.#parts.holding(() => this.#parts.maker.lull.fill());
  }

  /**
   * A room of the pool, when its command runs. When none waits, it is made as `anchor.spawn()` makes one. Rejects as that
   * does, and with ERR_ROOM_SPEC_CONFLICT for what was fixed when the room was made: `limits.disk`, `limits.files`, and
   * whether it has a terminal.
   */
  async take(options: TakeOptions & Abortable = {}): Promise<Room> {
    this.#requireOpen();
    const clock = new PhaseClock();
    const { signal, ...rest } = options;
    requireSignal(signal);
    signal?.throwIfAborted();
    const asked = this.#ask(rest);
    clock.end('check');
    const { maker, spawning } = this.#parts;
    return spawning(asked.spec, async () => {
      for (let waiting; (waiting = this.#stock.take()) !== undefined;) {
        const resolved = { ...waiting.resolved, spec: asked.spec };
        const taking = { resolved, newLimits: rest.limits !== undefined, signal };
        const room = await maker.use(waiting, taking, clock);
        if (room === undefined) continue;
        this.#hits++;
        return room;
      }
      this.#misses++;
      return maker.make(asked, signal, clock);
    });
  }

  /** Ends the rooms that wait; those that were taken go on. Resolves when nothing of them is left. Idempotent. */
  close(): Promise<void> {
    this.#parts.maker.lull.remove(this.#stock);
    this.#closing ??= this.#stock.close().finally(this.#parts.closed);
    // What is being made may wait for services.
    this.#end.abort(new RoomError('ERR_ROOM_CLOSED', 'the pool is closed'));
    return this.#closing;
  }

  /** The end of an `await using` block: `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #make(): Promise<WaitingRoom> {
    const { maker } = this.#parts;
    const { resolved, shape } = await maker.resolve(this.#asked);
    if (this.#shape !== null && !sameShape(this.#shape, shape)) void this.#stock.empty();
    this.#shape = shape;
    const waiting = await maker.makeWaiting(resolved, shape, this.#end.signal);
    this.#made++;
    return waiting;
  }

  #ask(options: TakeOptions): RememberedSpec {
    if (this.#taken !== null) {
      const { written, asked } = this.#taken;
      const command = sameBut(options, written, 'command');
      if (command !== undefined) return { spec: withCommand(asked.spec, command), room: asked.room };
    }
    const { limits, ...rest } = copyPlain({ ...readFields(options, 'options', takeOptionKeys) }) as SpecTaken;
    // A pool without a command wants one here: the check of the spec says so.
    const fields = { ...this.#written, ...rest };
    const { room } = this.#asked;
    const asked =
      limits === undefined
        ? { spec: joinSpec(room, fields), room }
        : this.#specs.parse({ ...fields, limits: this.#mergeLimits(limits) });
    const [made, taken] = [this.#asked, asked].map(({ spec }) => spec.stdio.kind === 'pty');
    if (made !== taken)
      throw conflict('stdio', `the rooms of this pool are made ${made ? 'with' : 'without'} a terminal`);
    if (limits === undefined) this.#taken = { written: rest, asked };
    return asked;
  }

  #mergeLimits(value: unknown): Record<string, unknown> {
    const limits = readObject(value, 'limits');
    for (const key of ['disk', 'files'])
      if (limits.has(key)) throw conflict(`limits.${key}`, 'is fixed when a room is made');
    return { ...(this.#written.limits as object), ...Object.fromEntries(limits) };
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new RoomError('ERR_ROOM_CLOSED', 'the pool is closed');
  }
}
