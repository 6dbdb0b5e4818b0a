import type { NativeExec } from '../../types/addon.js';
import type { NativeEvent, NativeMarks } from '../../types/event.js';
import type { Plan, ProcessPlan, RunningPlan } from '../../types/plan.js';
import { explainedFault } from '../addon/refusal.js';
import type { Launcher, RoomListener } from '../addon/native-anchor.js';
import { RoomError } from '../errors.js';
import type { RoomPlace } from '../host/places.js';
import type { ResolvedSpec } from '../host/resolved-room.js';
import { Deferred } from './deferred.js';
import type { Held } from './held.js';
import { outcomeOf } from './outcome.js';
import { ProcessLife } from './process-life.js';
import { endedBefore, noServices, type RoomServices } from './services.js';
import { PhaseClock } from './timings.js';

export interface WaitingParts {
  readonly launcher: Launcher;
  readonly plan: Plan;
  readonly place: RoomPlace;
  /** What the host said when it was made. */
  readonly resolved: ResolvedSpec;
  /** What it holds of the vault; whoever adopts it has that from then on. */
  readonly held: Held;
  /** It came to an end before anybody gave it a command. `clean`: nothing of it is left. What is returned is waited for. */
  readonly gone: (clean: boolean) => Promise<void> | undefined;
}

/**
 * A room that is put together and waits for its command: launched ahead, used once. Its end is nobody's business until
 * then, so it does not keep the process alive.
 */
export class WaitingRoom {
  readonly plan: Plan;
  readonly place: RoomPlace;
  readonly resolved: ResolvedSpec;
  readonly held: Held;
  /** Resolves when it waits; rejects with the reason, once nothing of it is left, when it came to nothing. */
  readonly ready = new Deferred<void>();
  /** Resolves when nothing of it is left, or somebody has it. */
  readonly over = new Deferred<void>();
  number = -1;
  pid = 0;
  /** Of its making. */
  marks: NativeMarks = {};
  /** They are ready. Whoever adopts it has them from then on. */
  services: RoomServices = noServices;
  /** Processes that run in it before its command does, by number. */
  readonly processes = new Map<number, ProcessLife>();
  readonly #parts: WaitingParts;
  #listener: RoomListener;
  #state: 'made' | 'waiting' | 'used' | 'ended' = 'made';
  #failure: RoomError | null = null;
  #discarded = false;

  constructor(parts: WaitingParts) {
    this.#parts = parts;
    this.plan = parts.plan;
    this.place = parts.place;
    this.resolved = parts.resolved;
    this.held = parts.held;
    this.#listener = (event) => this.#handle(event);
  }

  launch(): void {
    this.number = this.#parts.launcher.launch(this.plan, (event) => this.#listener(event));
  }

  get waiting(): boolean {
    return this.#state === 'waiting' && !this.#discarded;
  }

  /**
   * Gives it its command; `listener` hears all that follows. Null when it has ended: then somebody killed it while it
   * waited, and nothing has happened.
   */
  run(plan: RunningPlan, listener: RoomListener): NativeExec | null {
    if (!this.waiting) return null;
    let streams: NativeExec;
    try {
      streams = this.#parts.launcher.run(this.number, plan.process, plan.lifetime);
    } catch (error) {
      if (error instanceof RoomError && error.code === 'ERR_ROOM_ENDED') return null;
      this.discard();
      throw error;
    }
    this.#state = 'used';
    this.#listener = listener;
    this.over.resolve();
    return streams;
  }

  /** Starts one more process in it, ahead of the command. Its streams are the caller's. Throws ERR_ROOM_ENDED. */
  exec(plan: ProcessPlan): { readonly life: ProcessLife; readonly streams: NativeExec } {
    const { launcher } = this.#parts;
    const streams = launcher.exec(this.number, plan);
    const kept = { process: streams.process, stdin: -1, stdout: -1, stderr: -1 };
    const life = new ProcessLife(launcher, this.number, plan, kept, new PhaseClock());
    this.processes.set(life.number, life);
    return { life, streams };
  }

  /** Ends it. Whoever waits for that shall get an answer: until then it keeps the process alive. */
  discard(): void {
    const { launcher } = this.#parts;
    if (this.#discarded) return;
    this.#discarded = true;
    launcher.hold();
    void this.over.promise.then(() => launcher.release());
    if (this.#state !== 'ended') launcher.kill(this.number);
  }

  /** Why there is no room to use. */
  lost(): RoomError {
    const gone = [...this.services.byName.values()].find(({ essential, early }) => essential && early);
    const end = gone?.outcome ?? null;
    if (gone !== undefined && end !== null) return endedBefore(gone, end, 'the command began');
    const { id } = this.plan;
    return this.#failure ?? new RoomError('ERR_ROOM_INIT_DIED', `${id} was killed before it had a command`);
  }

  #handle(event: NativeEvent): void {
    switch (event.type) {
      case 'launched':
        this.pid = event.pid;
        return;
      case 'waiting':
        this.#state = 'waiting';
        this.marks = event.marks;
        return this.ready.resolve();
      case 'started':
      case 'start-failed':
      case 'exited':
        return this.#handleProcess(event);
      case 'ended':
        this.#state = 'ended';
        return this.#endProcesses(event);
      case 'launch-failed':
        this.#failure = explainedFault(event.fault);
        return this.#remove(true);
      case 'removed':
        return this.#remove(event.fault === null);
      case 'changed':
        return; // its end, or its command, tells
    }
  }

  #handleProcess(event: Extract<NativeEvent, { readonly process: number }>): void {
    // Of the command that it does not have yet: it could not be put together.
    if (event.process === 0 && event.type === 'start-failed') this.#failure = explainedFault(event.fault);
    this.processes.get(event.process)?.handle(event);
    if (event.type !== 'started') this.processes.delete(event.process);
  }

  #endProcesses({ killed, report, rusage, upper, wall }: Extract<NativeEvent, { type: 'ended' }>): void {
    if (this.processes.size === 0) return;
    const { id } = this.plan;
    const { limits } = this.resolved.spec;
    const timings = new PhaseClock().timings({});
    const outcome = outcomeOf({
      ...{ exit: null, intent: null, rusage: null },
      ...{ killed, report, upper, wall, limits, timings, total: rusage },
    });
    for (const process of this.processes.values()) process.roomEnded(id, outcome);
  }

  #remove(clean: boolean): void {
    this.#state = 'ended';
    const given = this.#parts.gone(clean);
    if (given === undefined) this.#tellEnd();
    else void given.then(() => this.#tellEnd());
  }

  #tellEnd(): void {
    this.ready.reject(this.lost());
    this.services.end();
    this.over.resolve();
  }
}
