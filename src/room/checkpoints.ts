import type { Collected, KeptEntry, RefusedEntry } from '../host/vault.js';
import type { CheckedCheckpoints } from '../spec/checked.js';
import type { HeldDropzone } from './dropzones.js';
import type { CheckpointEvent } from './events.js';

/**
 * Looks for what a room asks to be kept while it runs, never more often than its spec says: whatever the room does, that is all the work
 * that it can make.
 */
export class CheckpointWatch {
  readonly #zones: readonly WatchedZone[];

  constructor(held: readonly HeldDropzone[], room: string, notify: (event: CheckpointEvent) => void) {
    this.#zones = held.flatMap((zone) => {
      const { checkpoints } = zone.spec;
      return checkpoints === null ? [] : [new WatchedZone(zone, checkpoints, room, notify)];
    });
  }

  /** From now on, until `end`. */
  begin(): void {
    for (const zone of this.#zones) zone.wait();
  }

  /** The room has ended: takes what it asked for before. Never rejects. */
  async end(): Promise<void> {
    for (const zone of this.#zones) await zone.end();
  }

  /** What came of it so far; null: this dropzone has none. */
  of(dropzone: HeldDropzone['dropzone']): Collected | null {
    return this.#zones.find(({ held }) => held.dropzone === dropzone)?.collected ?? null;
  }
}

class WatchedZone {
  readonly #kept: KeptEntry[] = [];
  readonly #refused: RefusedEntry[] = [];
  readonly #room: string;
  readonly #rules: CheckedCheckpoints;
  readonly #notify: (event: CheckpointEvent) => void;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(
    readonly held: HeldDropzone,
    rules: CheckedCheckpoints,
    room: string,
    notify: (event: CheckpointEvent) => void,
  ) {
    this.#rules = rules;
    this.#room = room;
    this.#notify = notify;
  }

  get collected(): Collected {
    return { kept: this.#kept, refused: this.#refused };
  }

  wait(): void {
    if (this.#ended || this.#count >= this.#rules.most) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().then(() => this.wait());
    }, this.#rules.interval);
    // What keeps this process alive is the room.
    this.#timer.unref();
  }

  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#looking;
    while (this.#count < this.#rules.most && (await this.#look()));
  }

  /** False when nothing was asked for. */
  async #look(): Promise<boolean> {
    const { spec, dropzone } = this.held;
    const { at, vault } = spec;
    const source = { type: 'room', room: this.#room, path: at, checkpoint: this.#count + 1 } as const;
    const found = await dropzone.checkpoint(source);
    if (found === null) return false;
    this.#count += 1;
    this.#kept.push(...found.kept);
    this.#refused.push(...found.refused);
    // Before anything that follows; a listener that throws breaks nothing of the room.
    queueMicrotask(() => this.#notify({ type: 'checkpoint', at, vault, ...found }));
    return true;
  }
}
