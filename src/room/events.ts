import type { RoomError } from '../errors.js';
import type { Collected } from '../host/vault.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import type { LimitHit, Outcome } from './outcome.js';

/** What happens to a room, in this order: `started`, then any number of `oom`, `limit`, `checkpoint` and `service`, `exited`, `removed`. */
export type RoomEvent =
  /** The command passed execve. */
  | { readonly type: 'started'; readonly pid: number }
  /** The kernel killed `kills` processes of the room so far, for want of memory. */
  | { readonly type: 'oom'; readonly kills: number }
  /** A limit was reached again. */
  | { readonly type: 'limit'; readonly hit: LimitHit }
  /** What came of something that the room asked to be kept while it runs. */
  | CheckpointEvent
  /** A service ended, and the room did not yet. */
  | ServiceEvent
  /** Every process is gone. */
  | { readonly type: 'exited'; readonly outcome: Outcome }
  /** Mounts and cgroup are gone too. `left` says what could not be removed. */
  | { readonly type: 'removed'; readonly left: RoomError | null };

/** Of one thing in `.checkpoints` of a dropzone: it was kept or refused. */
export interface CheckpointEvent extends Collected {
  readonly type: 'checkpoint';
  /** Path of the dropzone in the room. */
  readonly at: string;
  readonly vault: VaultKind;
}

/** A service that ended by itself. `room.services` has what it said. */
export interface ServiceEvent {
  readonly type: 'service';
  readonly name: string;
  readonly outcome: Outcome;
}

/** Listeners of a Room, for `room.on()`. */
export interface RoomEventMap {
  started: [event: Extract<RoomEvent, { type: 'started' }>];
  oom: [event: Extract<RoomEvent, { type: 'oom' }>];
  limit: [event: Extract<RoomEvent, { type: 'limit' }>];
  checkpoint: [event: CheckpointEvent];
  service: [event: ServiceEvent];
  exited: [outcome: Outcome];
  removed: [left: RoomError | null];
}

/** Hands each event to every reader, each at its own pace; ends when it is closed. */
export class Broadcast<Event> {
  readonly #readers = new Set<Reader<Event>>();
  #closed = false;

  publish(event: Event): void {
    for (const reader of this.#readers) reader.push(event);
  }

  /** Readers get what they have not read yet, and then the end. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  /** `past` first, then what is published from now on. Leaving the loop lets go of it. */
  read(past: readonly Event[] = []): AsyncIterableIterator<Event> {
    const reader = new Reader<Event>((self) => this.#readers.delete(self));
    for (const event of past) reader.push(event);
    if (this.#closed) reader.end();
    else this.#readers.add(reader);
    return reader;
  }
}

class Reader<Event> implements AsyncIterableIterator<Event> {
  readonly #queue: Event[] = [];
  readonly #waiting: ((result: IteratorResult<Event, undefined>) => void)[] = [];
  readonly #leave: (self: Reader<Event>) => void;
  #ended = false;

  constructor(leave: (self: Reader<Event>) => void) {
    this.#leave = leave;
  }

  push(event: Event): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#queue.push(event);
    else waiting({ value: event, done: false });
  }

  end(): void {
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    this.#queue.length = 0;
    this.#leave(this);
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
