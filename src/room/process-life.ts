import type { NativeEvent } from '../../types/event.js';
import type { NativeExec } from '../../types/addon.js';
import type { ProcessPlan } from '../../types/plan.js';
import type { Launcher } from '../addon/native-anchor.js';
import { RoomError } from '../errors.js';
import { Deferred } from './deferred.js';
import { explainStart } from './explain-start.js';
import { roomHeads } from './head-reader.js';
import { processOutcomeOf, type Outcome } from './outcome.js';
import { stdioOf, type Stdio } from './stdio.js';
import type { PhaseClock, Timings } from './timings.js';

const SIGKILL = 9;

/** From the request to start one more process in a room until its end. Told what happens by the life of its room. */
export class ProcessLife {
  /** Rejects when it could not be started; then there is nothing left of it. */
  readonly started = new Deferred<void>();
  readonly exited = new Deferred<Outcome>();
  readonly stdio: Stdio;
  readonly number: number;
  readonly #launcher: Launcher;
  readonly #room: number;
  readonly #plan: ProcessPlan;
  readonly #clock: PhaseClock;
  readonly #begin = process.hrtime.bigint();
  #timings: Timings;
  #state: 'starting' | 'running' | 'ended' = 'starting';
  #aborted = false;
  #early = false;

  constructor(launcher: Launcher, room: number, plan: ProcessPlan, native: NativeExec, clock: PhaseClock) {
    this.#launcher = launcher;
    this.#room = room;
    this.#plan = plan;
    this.#clock = clock;
    this.#timings = clock.timings({});
    this.number = native.process;
    this.stdio = stdioOf(native, plan, launcher, () => {
      if (this.#state === 'starting') launcher.look(room);
    });
  }

  get timings(): Timings {
    return this.#timings;
  }

  /** It ended by itself, before its room did. */
  get early(): boolean {
    return this.#early;
  }

  /** False when there is nobody to send it to any more. */
  signal(signal: number): boolean {
    if (this.#state === 'ended') return false;
    return this.#launcher.signal(this.#room, this.number, signal);
  }

  /** room-init knows no process that has not started: that one is killed as soon as it has. */
  abort(): void {
    this.#aborted = true;
    if (this.#state === 'running') this.signal(SIGKILL);
  }

  handle(event: Extract<NativeEvent, { readonly process: number }>): void {
    switch (event.type) {
      case 'started':
        this.#state = 'running';
        this.#clock.end('start');
        this.#timings = this.#clock.timings({});
        if (this.#aborted) this.signal(SIGKILL);
        this.started.resolve();
        break;
      case 'start-failed':
        this.#state = 'ended';
        this.stdio.discard();
        void explainStart(event.fault, this.#plan, roomHeads(this.#launcher, this.#room)).then(
          this.started.reject,
        );
        break;
      case 'exited':
        this.stdio.settle(false);
        this.#end(event, null);
        break;
    }
  }

  /** The room is gone and took the process along. */
  roomEnded(id: string, room: Outcome): void {
    if (this.#state === 'running') {
      this.stdio.settle(true);
      this.#end(null, room);
    } else if (this.#state === 'starting') {
      this.#state = 'ended';
      this.stdio.discard();
      this.started.reject(new RoomError('ERR_ROOM_ENDED', `the room ${id} ended: ${room.reason}`));
    }
  }

  #end(exit: Extract<NativeEvent, { type: 'exited' }> | null, room: Outcome | null): void {
    this.#state = 'ended';
    this.#early = exit !== null;
    this.exited.resolve(
      processOutcomeOf({
        exit,
        aborted: this.#aborted,
        room,
        rusage: exit?.rusage ?? null,
        wall: Number(process.hrtime.bigint() - this.#begin) / 1000,
        timings: this.#timings,
      }),
    );
  }
}
