import type { Addon, NativeAnchor, NativeExec } from '../../types/addon.js';
import type { NativeEvent } from '../../types/event.js';
import type { AnchorPlan, BlankPlan, LowerPlan, Plan, ProcessPlan } from '../../types/plan.js';
import type { HostNative } from '../host/host.js';
import type { RoomError } from '../errors.js';
import { PlankRest } from './plank-rest.js';
import { errorFromNative } from './refusal.js';

/** Gets the events of one room, in order. */
export type RoomListener = (event: NativeEvent) => void;

/** What TypeScript needs of native code to run rooms; tests put their own in its place. */
export interface Launcher {
  launch(plan: Plan, listener: RoomListener): number;
  run(room: number, process: ProcessPlan, lifetime: number | null): NativeExec;
  exec(room: number, process: ProcessPlan): NativeExec;
  /** Room-init has said something, it seems: delivers at once what would come in a later turn of the event loop. */
  look(room: number): void;
  /** False when the room has ended, which its events may not have told yet. */
  signal(room: number, process: number, signal: number): boolean;
  kill(room: number): void;
  setDeadline(room: number, milliseconds: number | null): void;
  freeze(room: number, frozen: boolean): Promise<void>;
  openBelow(room: number, path: string, flags: number, mode: number): Promise<number>;
  resize(master: number, columns: number, rows: number): void;
  /** The fd is the caller's from now on. */
  own(fd: number): void;
  /** Nobody wants the fd. */
  discard(fd: number): void;
  readPlankFile(lower: LowerPlan, path: string, limit: number): Promise<Uint8Array | null>;
  /** Keeps the event loop alive until release() was called as often. */
  hold(): void;
  release(): void;
}

/**
 * The typed side of one native Anchor: gives each room its own listener, turns faults into errors, and counts who
 * needs the event loop. An idle one does not keep the process alive.
 */
export class AnchorBinding implements Launcher, HostNative {
  readonly #native: NativeAnchor;
  readonly #listeners = new Map<number, RoomListener>();
  readonly #planks: PlankRest;
  #holds = 0;

  /**
   * Throws a RoomError when threads or the cgroup subtree cannot be made. `plankIdle`: milliseconds after which a plank that
   * nobody uses is let go.
   */
  constructor(addon: Addon, plan: AnchorPlan, plankIdle: number) {
    this.#native = translate(() => new addon.Anchor(JSON.stringify(plan), (event) => this.#dispatch(event)));
    this.#native.unref();
    this.#planks = new PlankRest(plankIdle, async (idle) => this.#native.releasePlanks(idle));
  }

  launch(plan: Plan, listener: RoomListener): number {
    const { seccomp, ...text } = plan;
    const room = translate(() => this.#native.launch(JSON.stringify(text), seccomp));
    this.#listeners.set(room, listener);
    return room;
  }

  run(room: number, process: ProcessPlan, lifetime: number | null): NativeExec {
    return translate(() => this.#native.run(room, JSON.stringify(process), lifetime));
  }

  exec(room: number, process: ProcessPlan): NativeExec {
    return translate(() => this.#native.exec(room, JSON.stringify(process)));
  }

  look(room: number): void {
    this.#native.look(room);
  }

  signal(room: number, process: number, signal: number): boolean {
    try {
      this.#native.signal(room, process, signal);
      return true;
    } catch (error) {
      const refused = errorFromNative(error);
      if ((refused as Partial<RoomError>).code === 'ERR_ROOM_ENDED') return false;
      throw refused;
    }
  }

  kill(room: number): void {
    translate(() => this.#native.kill(room));
  }

  setDeadline(room: number, milliseconds: number | null): void {
    translate(() => this.#native.setDeadline(room, milliseconds));
  }

  freeze(room: number, frozen: boolean): Promise<void> {
    return this.#held(() => this.#native.freeze(room, frozen));
  }

  openBelow(room: number, path: string, flags: number, mode: number): Promise<number> {
    return this.#held(() => this.#native.openBelow(room, path, flags, mode));
  }

  resize(master: number, columns: number, rows: number): void {
    translate(() => this.#native.resize(master, columns, rows));
  }

  own(fd: number): void {
    this.#native.own(fd);
  }

  discard(fd: number): void {
    this.#native.discard(fd);
  }

  /** Does not keep the process alive. */
  prepare(blank: BlankPlan): Promise<void> {
    return this.#native.prepare(JSON.stringify(blank));
  }

  probeIdmap(path: string): Promise<boolean> {
    return this.#held(() => this.#native.probeIdmap(path));
  }

  // Faults of these two are passed on as they are: the resolver has words of its own for those that are about the plank, and
  // whoever calls it translates the others.

  openPlank(lower: LowerPlan): Promise<{ readonly idmap: boolean }> {
    return this.#using(() => this.#native.openPlank(JSON.stringify(lower)));
  }

  readPlankFile(lower: LowerPlan, path: string, limit: number): Promise<Uint8Array | null> {
    return this.#using(() => this.#native.readPlankFile(JSON.stringify(lower), path, limit));
  }

  hold(): void {
    if (this.#holds++ === 0) this.#native.ref();
  }

  release(): void {
    if (--this.#holds === 0) this.#native.unref();
  }

  /** Resolves when every room, thread and cgroup of this Anchor is gone. */
  close(): Promise<void> {
    this.#planks.stop();
    return this.#held(() => this.#native.close());
  }

  #dispatch(event: NativeEvent): void {
    const listener = this.#listeners.get(event.room);
    if (event.type === 'removed' || event.type === 'launch-failed') this.#listeners.delete(event.room);
    if (event.type === 'launched' || event.type === 'launch-failed') this.#planks.used();
    listener?.(event);
  }

  #held<T>(work: () => Promise<T>): Promise<T> {
    return this.#holding(work).catch((error: unknown) => {
      throw errorFromNative(error);
    });
  }

  /** Afterwards a plank is mounted: when exactly native code came to it, nobody knows here. */
  async #using<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#holding(work);
    } finally {
      this.#planks.used();
    }
  }

  async #holding<T>(work: () => Promise<T>): Promise<T> {
    this.hold();
    try {
      return await work();
    } finally {
      this.release();
    }
  }
}

function translate<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw errorFromNative(error);
  }
}
