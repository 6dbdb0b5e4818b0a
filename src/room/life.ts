import type { NativeEvent, NativeFault, NativeMarks } from '../../types/event.js';
import type { ProcessPlan, RunningPlan } from '../../types/plan.js';
import { explainedFault } from '../addon/refusal.js';
import type { Launcher } from '../addon/native-anchor.js';
import { RoomError } from '../errors.js';
import { parseUsage } from '../host/usage.js';
import type { CheckedLimits } from '../spec/checked.js';
import { Deferred } from './deferred.js';
import type { RoomEvent } from './events.js';
import { explainStart } from './explain-start.js';
import { plankHeads } from './head-reader.js';
import { outcomeOf, type EndFacts, type EndIntent, type Outcome } from './outcome.js';
import { ProcessLife } from './process-life.js';
import { Stdio, stdioOf, type StdioFds } from './stdio.js';
import type { PhaseClock, Timings } from './timings.js';
import type { WaitingRoom } from './waiting.js';

/** `ended`: every process is gone. `removed`: so is everything else. */
export type RoomState = 'starting' | 'running' | 'ended' | 'removed';

export interface LifeParts {
  readonly launcher: Launcher;
  readonly plan: RunningPlan;
  readonly limits: CheckedLimits;
  readonly clock: PhaseClock;
  /** Hears everything about a room whose command ran, in order. Called last: a listener that throws breaks nothing. */
  readonly notify: (event: RoomEvent) => void;
  /** Brings what it left into the vault, before its outcome is told; null: nothing. Never rejects. */
  readonly collect: ((outcome: Outcome) => Promise<Outcome>) | null;
  /** Nothing of the room is left (true), or something could not be removed. What is returned is waited for. */
  readonly gone: (clean: boolean) => Promise<void> | undefined;
}

/** From the launch of a room until nothing of it is left: turns the events of native code into states and promises. */
export class RoomLife {
  /** Rejects when the command could not be started, once nothing of the room is left. */
  readonly started = new Deferred<void>();
  readonly exited = new Deferred<Outcome>();
  /** What could not be removed, or null. */
  readonly removed = new Deferred<RoomError | null>();
  /** Of the room now: setLimits changes them. */
  limits: CheckedLimits;
  stdio = new Stdio({ stdin: -1, stdout: -1, stderr: -1 }, false, { own() {}, discard() {} });
  pid = 0;
  state: RoomState = 'starting';
  #timings: Timings | undefined;
  readonly #parts: LifeParts;
  readonly #processes = new Map<number, ProcessLife>();
  #number = -1;
  #marks: NativeMarks = {};
  #exit: Extract<NativeEvent, { type: 'exited' }> | null = null;
  #failure: Promise<unknown> | null = null;
  #collecting: Promise<void> | null = null;
  #intent: EndIntent | null = null;
  #abortReason: unknown;
  #seen = { oomKills: 0, refusals: 0 };
  /** Its command ran, so there is somebody to tell. */
  #ran = false;
  #holding = false;
  #ref = true;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.limits = parts.limits;
  }

  /** Worked out when somebody asks: most do not, and not while others wait. */
  get timings(): Timings {
    return (this.#timings ??= this.#parts.clock.timings(this.#marks));
  }

  /** Hands the plan over; from now on events decide. */
  launch(): void {
    this.#hold();
    try {
      this.#number = this.#parts.launcher.launch(this.#parts.plan, (event) => this.#handle(event));
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /** Gives a waiting room its command, and goes on as after a launch. False when it has ended: nothing has happened then. */
  adopt(waiting: WaitingRoom): boolean {
    const streams = waiting.run(this.#parts.plan, (event) => this.#handle(event));
    if (streams === null) return false;
    this.#hold();
    this.#number = waiting.number;
    this.pid = waiting.pid;
    for (const [number, process] of waiting.processes) this.#processes.set(number, process);
    this.stdio = this.#stdioOf(streams);
    return true;
  }

  /** The number that native code knows the room by. Throws ERR_ROOM_ENDED when there is nothing left to work with. */
  get number(): number {
    if (this.state === 'running') return this.#number;
    throw new RoomError('ERR_ROOM_ENDED', `the room ${this.#parts.plan.id} has ended`);
  }

  /** Kills everything in it. The first reason counts. */
  end(intent: EndIntent, reason?: unknown): void {
    if (this.state === 'removed') return;
    if (this.#intent === null) {
      this.#intent = intent;
      this.#abortReason = reason;
    }
    this.#parts.launcher.kill(this.#number);
  }

  /** False when the command has ended. */
  signal(signal: number): boolean {
    if (this.state !== 'running' || this.#exit !== null) return false;
    return this.#parts.launcher.signal(this.#number, 0, signal);
  }

  exec(plan: ProcessPlan, clock: PhaseClock): ProcessLife {
    const { launcher } = this.#parts;
    const number = this.number;
    const life = new ProcessLife(launcher, number, plan, launcher.exec(number, plan), clock);
    life.stdio.setRef(this.#ref);
    this.#processes.set(life.number, life);
    return life;
  }

  /** Whether the event loop stays alive for this room. */
  setRef(ref: boolean): void {
    this.#ref = ref;
    if (this.state === 'removed') return;
    if (ref) this.#hold();
    else this.#release();
    this.stdio.setRef(ref);
    for (const process of this.#processes.values()) process.stdio.setRef(ref);
  }

  #handle(event: NativeEvent): void {
    switch (event.type) {
      case 'launched':
        this.pid = event.pid;
        this.#marks = event.marks;
        this.stdio = this.#stdioOf(event);
        this.stdio.setRef(this.#ref);
        return;
      case 'waiting':
        return; // never said of a room with a command
      case 'launch-failed':
        this.#failure = Promise.resolve(explainedFault(event.fault));
        return this.#remove(null);
      case 'started':
      case 'start-failed':
      case 'exited':
        return event.process === 0 ? this.#handleCommand(event) : this.#handleProcess(event);
      case 'changed':
        return this.#handleChange(event.file, event.text);
      case 'ended':
        return this.#end(event);
      case 'removed':
        return this.#remove(event.fault);
    }
  }

  /** What says something runs. Its output is often here before the news of its start has come all the way round. */
  #stdioOf(fds: StdioFds): Stdio {
    const { launcher, plan } = this.#parts;
    return stdioOf(fds, plan.process, launcher, () => {
      if (this.state === 'starting') launcher.look(this.#number);
    });
  }

  #handleCommand(event: Extract<NativeEvent, { readonly process: number }>): void {
    const { plan, launcher, notify } = this.#parts;
    switch (event.type) {
      case 'started':
        this.#marks = event.marks;
        this.#timings = undefined;
        // Whoever aborts during the launch gets no room, even when it could have had one.
        if (this.state !== 'starting' || this.#intent !== null) return;
        this.state = 'running';
        this.#ran = true;
        this.started.resolve();
        return notify({ type: 'started', pid: this.pid });
      case 'start-failed':
        this.#failure = explainStart(event.fault, plan.process, plankHeads(launcher, plan));
        return;
      case 'exited':
        this.#exit = event;
    }
  }

  #handleProcess(event: Extract<NativeEvent, { readonly process: number }>): void {
    this.#processes.get(event.process)?.handle(event);
    if (event.type !== 'started') this.#processes.delete(event.process);
  }

  #handleChange(file: string, text: string): void {
    const { notify } = this.#parts;
    const { oomKills, outOfMemory, processRefusals } = parseUsage({ [file]: text });
    if (oomKills !== null && oomKills > this.#seen.oomKills) {
      this.#seen.oomKills = oomKills;
      notify({ type: 'oom', kills: oomKills });
      const where = (outOfMemory ?? 0) > 0 ? 'room' : 'above';
      notify({ type: 'limit', hit: { limit: 'memory', count: oomKills, where } });
    }
    if (processRefusals !== null && processRefusals > this.#seen.refusals) {
      this.#seen.refusals = processRefusals;
      notify({ type: 'limit', hit: { limit: 'processes', count: processRefusals, where: 'room' } });
    }
  }

  #end(event: Extract<NativeEvent, { type: 'ended' }>): void {
    const outcome = outcomeOf(this.#facts(event));
    if (!this.#ran) this.#failure ??= Promise.resolve(this.#whyNotStarted(event));
    this.state = 'ended';
    this.stdio.settle(true);
    for (const process of this.#processes.values()) process.roomEnded(this.#parts.plan.id, outcome);
    const { collect } = this.#parts;
    if (collect === null || !this.#ran) return this.#tellExit(outcome);
    this.#collecting = collect(outcome).then((collected) => this.#tellExit(collected));
  }

  #tellExit(outcome: Outcome): void {
    this.exited.resolve(outcome);
    if (this.#ran) this.#parts.notify({ type: 'exited', outcome });
  }

  #facts(event: Extract<NativeEvent, { type: 'ended' }>): EndFacts {
    return {
      exit: this.#exit,
      killed: event.killed,
      intent: this.#intent,
      limits: this.limits,
      report: event.report,
      rusage: this.#exit?.rusage ?? null,
      total: event.rusage,
      upper: event.upper,
      wall: event.wall,
      timings: this.timings,
    };
  }

  /** For a room that ended before its command ran, and nobody said why. */
  #whyNotStarted({ killed, report }: Extract<NativeEvent, { type: 'ended' }>): RoomError {
    const { id } = this.#parts.plan;
    if (killed === 'close')
      return new RoomError('ERR_ROOM_CLOSED', `the Anchor was closed while ${id} was starting`);
    if (this.#intent === 'service-ended')
      return new RoomError('ERR_ROOM_SERVICE', `an essential service of ${id} ended before its command ran`);
    if (killed !== null)
      return new RoomError('ERR_ROOM_ENDED', `${id} was ended (${killed}) before its command ran`);
    const starved = (parseUsage(report).oomKills ?? 0) > 0;
    return new RoomError(
      'ERR_ROOM_INIT_DIED',
      `room-init of ${id} was killed before the command ran${starved ? ': the room was out of memory' : ''}`,
      {
        hint: starved
          ? 'Raise limits.memory.'
          : 'Something outside killed it: the OOM killer of the host, or a person.',
      },
    );
  }

  #remove(fault: NativeFault | null): void {
    // There is something of it left until that is told.
    if (this.#collecting === null) this.#removeNow(fault);
    else void this.#collecting.then(() => this.#removeNow(fault));
  }

  #removeNow(fault: NativeFault | null): void {
    const left = fault === null ? null : explainedFault(fault);
    this.state = 'removed';
    this.stdio.settle(true);
    this.#release();
    const given = this.#parts.gone(left === null);
    if (given === undefined) this.#tellRemoved(left);
    else void given.then(() => this.#tellRemoved(left));
  }

  #tellRemoved(left: RoomError | null): void {
    this.removed.resolve(left);
    if (this.#intent === 'aborted') this.started.reject(this.#abortReason);
    else void this.#failure?.then(this.started.reject);
    if (this.#ran) this.#parts.notify({ type: 'removed', left });
  }

  #hold(): void {
    if (this.#holding) return;
    this.#holding = true;
    this.#parts.launcher.hold();
  }

  #release(): void {
    if (!this.#holding) return;
    this.#holding = false;
    this.#parts.launcher.release();
  }
}
