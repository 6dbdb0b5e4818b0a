import { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { RunningPlan } from '../../types/plan.js';
import { onAbort, requireSignal, type Abortable } from '../abort.js';
import type { Launcher } from '../addon/native-anchor.js';
import type { Host } from '../host/host.js';
import type { ResolvedRoom } from '../host/resolved-room.js';
import { planExec } from '../plan/process.js';
import type { CheckedSpec } from '../spec/checked.js';
import { parseDuration, type Duration } from '../spec/duration.js';
import type { ExecOptions } from '../spec/exec-options.js';
import type { LimitsSpec } from '../spec/limits.js';
import { parseExecOptions } from '../spec/parse.js';
import { Broadcast, type RoomEvent, type RoomEventMap } from './events.js';
import { resolveExecUser } from './exec-user.js';
import { filesOf, type RoomFiles } from './files.js';
import { describeGrant, type Granted } from './granted.js';
import type { RoomLife, RoomState } from './life.js';
import { RoomCgroup, type LiveUsage } from './limits.js';
import type { Outcome } from './outcome.js';
import { RoomProcess } from './process.js';
import { Pty } from './pty.js';
import type { Service } from './service.js';
import type { RoomServices } from './services.js';
import { signalNumber } from './signals.js';
import { PhaseClock, type Timings } from './timings.js';

/** What a Room is made of. @internal */
export interface RoomParts {
  readonly launcher: Launcher;
  readonly host: Host;
  readonly resolved: ResolvedRoom;
  readonly plan: RunningPlan;
  readonly life: RoomLife;
  readonly services: RoomServices;
}

/**
 * A running environment, from `anchor.spawn()`. It ends when its command does, by `destroy()`, when it hits a limit that
 * kills, with its Anchor, and with this process, however that ends. Nothing of it is left then.
 */
export class Room extends EventEmitter<RoomEventMap> {
  /** Unique among all rooms of the host; also the name of its cgroup. */
  readonly id: string;
  /** What was asked for, with every default filled in. */
  readonly spec: CheckedSpec;
  /** How it ended. Never rejects: exit codes, signals, limits and `destroy()` are all values. */
  readonly exited: Promise<Outcome>;
  /** Resolves when nothing of it is left: null, or the error of what could not be removed. Never rejects. */
  readonly removed: Promise<Error | null>;
  readonly #parts: RoomParts;
  readonly #cgroup: RoomCgroup;
  readonly #broadcast = new Broadcast<RoomEvent>();
  readonly #milestones: RoomEvent[] = [];
  #files: RoomFiles | undefined;
  #granted: Granted | undefined;
  #pty: Pty | null | undefined;

  /** @internal */
  constructor(parts: RoomParts) {
    super();
    const { resolved, plan, life, host } = parts;
    this.#parts = parts;
    this.id = plan.id;
    this.spec = resolved.spec;
    this.exited = life.exited.promise;
    this.removed = life.removed.promise;
    this.#cgroup = new RoomCgroup(plan.cgroup, host, life);
  }

  /** Files inside the room. */
  get files(): RoomFiles {
    const { launcher, life, plan } = this.#parts;
    return (this.#files ??= filesOf(launcher, () => life.number, plan.identity, plan.process));
  }

  /** Those of the spec, by name. They were ready before the command began. */
  get services(): ReadonlyMap<string, Service> {
    return this.#parts.services.byName;
  }

  /** Where it stands. */
  get state(): RoomState {
    return this.#parts.life.state;
  }

  /** What it really has, and how each guarantee is kept. */
  get granted(): Granted {
    return (this.#granted ??= describeGrant(this.#parts.resolved, this.#parts.plan));
  }

  /** Process id of its PID 1 (room-init) as this process sees it; 0 before it exists. */
  get pid(): number {
    return this.#parts.life.pid;
  }

  /** Where the time of its start went. */
  get timings(): Timings {
    return this.#parts.life.timings;
  }

  /** Standard input of the command, or null where `stdio` said something else than a pipe. With a pty, both directions of it. */
  get stdin(): Writable | null {
    return this.#parts.life.stdio.stdin;
  }

  /** Standard output of the command, or null where `stdio` said something else than a pipe. With a pty, the same stream as `stdin`. */
  get stdout(): Readable | null {
    return this.#parts.life.stdio.stdout;
  }

  /** Standard error of the command, or null where `stdio` said something else than a pipe, and with a pty. */
  get stderr(): Readable | null {
    return this.#parts.life.stdio.stderr;
  }

  /** The pseudo-terminal, with `stdio: { pty: … }`; else null. */
  get pty(): Pty | null {
    const { launcher, life } = this.#parts;
    return (this.#pty ??= this.spec.stdio.kind === 'pty' ? new Pty(launcher, life.stdio) : null);
  }

  /**
   * Starts one more process in the room; what the options leave out is as the command has it. Resolves when its program
   * runs. An exit code never rejects. Rejects with a RoomError when it cannot be started (ERR_ROOM_COMMAND_NOT_FOUND,
   * ERR_ROOM_CWD, …) or the room has ended, a TypeError or RangeError for a bad option, or `signal.reason`. The signal
   * later kills the process, whose outcome then is `aborted`.
   */
  async exec(argv: readonly string[], options: ExecOptions & Abortable = {}): Promise<RoomProcess> {
    const { launcher, plan, life, resolved } = this.#parts;
    const clock = new PhaseClock();
    const { signal, ...rest } = options;
    requireSignal(signal);
    signal?.throwIfAborted();
    const checked = parseExecOptions(argv, rest, resolved.spec.identity);
    const user = checked.user === null ? null : await resolveExecUser(checked.user, launcher, plan);
    signal?.throwIfAborted();
    clock.end('prepare');
    const process = life.exec(planExec(checked, plan.process, user), clock);
    const stop = onAbort(signal, () => process.abort());
    void process.exited.promise.then(stop);
    await process.started.promise.catch((error: unknown) => {
      stop();
      throw error;
    });
    if (signal?.aborted === true) {
      await process.exited.promise;
      throw signal.reason;
    }
    return new RoomProcess(launcher, process, checked.argv, checked.stdio.kind === 'pty');
  }

  /** Sends a signal to the command, by way of room-init; false when it has ended. Throws a TypeError or RangeError for no signal. */
  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    return this.#parts.life.signal(signalNumber(signal));
  }

  /** Stops every process of the room where it is (cgroup.freeze). Rejects with ERR_ROOM_CGROUP_… where there is no cgroup. */
  async freeze(): Promise<void> {
    this.#cgroup.require('freezing a room');
    await this.#parts.launcher.freeze(this.#parts.life.number, true);
  }

  /** Lets them go on. */
  async thaw(): Promise<void> {
    this.#cgroup.require('freezing a room');
    await this.#parts.launcher.freeze(this.#parts.life.number, false);
  }

  /** What it consumes, now. Rejects with ERR_ROOM_ENDED after its end: the outcome has the final numbers. */
  usage(): Promise<LiveUsage> {
    return this.#cgroup.usage(this.files);
  }

  /**
   * Changes limits of the living room; those that are left out stay. `disk` and `files` are fixed when a room is made.
   * Rejects with a TypeError or RangeError for a bad value, or a RoomError for what this host cannot enforce.
   */
  setLimits(limits: Omit<LimitsSpec, 'disk' | 'files'>): Promise<void> {
    return this.#cgroup.setLimits(limits);
  }

  /** Sets a new deadline, counted from now; null: none. Throws ERR_ROOM_ENDED when it is too late. */
  extend(lifetime: Duration | null): void {
    const milliseconds = lifetime === null ? null : parseDuration(lifetime, 'lifetime');
    this.#parts.launcher.setDeadline(this.#parts.life.number, milliseconds);
  }

  /**
   * Ends it now, with everything in it, and resolves when nothing of it is left. Idempotent. Output that nobody reads is
   * thrown away. Rejects only when something could not be removed.
   */
  async destroy(): Promise<void> {
    const { life, launcher } = this.#parts;
    // Whoever waits for this shall get an answer, although the room may have been unref'd.
    launcher.hold();
    try {
      life.end('destroyed');
      const left = await life.removed.promise;
      if (left !== null) throw left;
    } finally {
      launcher.release();
      life.stdio.discard();
    }
  }

  /** The end of an `await using` block: `destroy()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  /** Everything that has happened to the room (limits that were reached before are left out) and will, up to `removed`. */
  events(): AsyncIterableIterator<RoomEvent> {
    return this.#broadcast.read(this.#milestones);
  }

  /** Keeps this process alive while the room lives; so it is from the start. */
  ref(): this {
    this.#parts.life.setRef(true);
    return this;
  }

  /** Lets this process end although the room lives: the room ends with it. */
  unref(): this {
    this.#parts.life.setRef(false);
    return this;
  }

  /** @internal Tells listeners and readers. */
  announce(event: RoomEvent): void {
    if (event.type === 'started' || event.type === 'exited' || event.type === 'removed')
      this.#milestones.push(event);
    this.#broadcast.publish(event);
    if (event.type === 'removed') this.#broadcast.close();
    if (event.type === 'exited') this.emit('exited', event.outcome);
    else if (event.type === 'removed') this.emit('removed', event.left);
    else if (event.type === 'started') this.emit('started', event);
    else if (event.type === 'oom') this.emit('oom', event);
    else if (event.type === 'checkpoint') this.emit('checkpoint', event);
    else if (event.type === 'service') this.emit('service', event);
    else this.emit('limit', event);
  }
}
