import { EventEmitter } from 'node:events';
import { release } from 'node:os';
import type { Plan } from '../types/plan.js';
import { onAbort, orAbort, requireSignal, type Abortable } from './abort.js';
import { errorFromNative } from './addon/refusal.js';
import { hostReport } from './addon/host-report.js';
import type { AnchorBinding } from './addon/native-anchor.js';
import { openHost, type AnchorOptions, type OpenedHost } from './addon/open-host.js';
import { channels, feedDebugLog } from './diagnostics.js';
import { RoomError } from './errors.js';
import type { Host } from './host/host.js';
import type { RoomPlace, RoomPlaces } from './host/places.js';
import type { ResolvedRoom } from './host/resolved-room.js';
import { resolveRoom } from './host/resolve.js';
import { planBlank } from './plan/blank.js';
import { buildPlan } from './plan/build.js';
import { SeccompCache } from './plan/seccomp/profile.js';
import { buildPlank } from './plank/build.js';
import { inspectPlank } from './plank/inspect.js';
import { verifyPlank } from './plank/verify.js';
import { Broadcast, type RoomEvent } from './room/events.js';
import { RoomLife } from './room/life.js';
import type { Outcome } from './room/outcome.js';
import { Reserve } from './room/reserve.js';
import { Room } from './room/room.js';
import { PhaseClock } from './room/timings.js';
import { capture, checkRunOptions, type RunOptions, type RunResult } from './run.js';
import type { CheckedSpec } from './spec/checked.js';
import { parseLimits } from './spec/limits.js';
import { parseRoomSpec } from './spec/parse.js';
import { parseSeccomp } from './spec/seccomp.js';
import type { RoomSpec } from './spec/room-spec.js';

/** Listeners of an Anchor: events of all its rooms. */
export interface AnchorEventMap {
  started: [room: Room];
  oom: [room: Room, event: Extract<RoomEvent, { type: 'oom' }>];
  limit: [room: Room, event: Extract<RoomEvent, { type: 'limit' }>];
  exited: [room: Room, outcome: Outcome];
  removed: [room: Room, left: RoomError | null];
}

/** One event of one room, for `for await (const event of anchor.events())`. */
export type AnchorEvent = RoomEvent & { readonly room: Room };

/** Functions on room images; none of them needs an Anchor. */
export interface Planks {
  readonly build: typeof buildPlank;
  readonly inspect: typeof inspectPlank;
  readonly verify: typeof verifyPlank;
}

/**
 * This host, ready to make rooms. Everything belongs to the Anchor that made it: several of them, also in worker threads,
 * know nothing of each other. One that has no living room does not keep the process alive.
 */
export class Anchor extends EventEmitter<AnchorEventMap> {
  /** Build, inspect and verify room images. */
  readonly planks: Planks = Object.freeze({ build: buildPlank, inspect: inspectPlank, verify: verifyPlank });
  readonly #binding: AnchorBinding;
  readonly #host: Host;
  readonly #undo: () => Promise<void>;
  readonly #rooms = new Map<string, Room>();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #reserve: Reserve;
  readonly #unclean: RoomPlace[] = [];
  readonly #filters = new SeccompCache();
  readonly #kernelRelease = release();
  readonly #broadcast = new Broadcast<AnchorEvent>();
  #closing: Promise<void> | undefined;

  private constructor({ binding, host, reserve, undo }: OpenedHost) {
    super();
    this.#binding = binding;
    this.#host = host;
    this.#undo = undo;
    const { disk, files } = parseLimits(undefined, 'limits');
    const blank = { cgroup: host.cgroup.directory, covers: host.covers.mapped, disk: { bytes: disk, files } };
    this.#reserve = new Reserve({
      size: reserve,
      fresh: host.places,
      prepare: (place) => binding.prepare(planBlank(place, blank)),
      failed: (error) => channels.reserveError.publish({ error: errorFromNative(error) }),
    });
  }

  /**
   * Reads what the host can do, loads the addon and starts its threads. Throws ERR_ROOM_ADDON_LOAD,
   * ERR_ROOM_UNSUPPORTED_PLATFORM, ERR_ROOM_PERMISSION, ERR_ROOM_CGROUP_… (only for a cgroup that the options name), or a
   * TypeError or RangeError for bad options.
   */
  static async open(options: AnchorOptions = {}): Promise<Anchor> {
    feedDebugLog();
    const anchor = new Anchor(await openHost(options));
    // The filter that nearly every room has: milliseconds that are better spent here than when the first room starts.
    anchor.#filters.compile(parseSeccomp('default', 'seccomp'), {
      capabilities: [],
      kernelRelease: anchor.#kernelRelease,
    });
    void anchor.#reserve.fill();
    return anchor;
  }

  /**
   * Resolves when as many blank rooms wait as `AnchorOptions.reserve` says, or as many as can be made: for whoever wants the
   * first spawns to be as fast as the later ones, or measures.
   */
  async ready(): Promise<void> {
    this.#requireOpen();
    await this.#holding(() => this.#reserve.fill());
  }

  /** The rooms that are running or being removed, by id. */
  get rooms(): ReadonlyMap<string, Room> {
    return this.#rooms;
  }

  /**
   * Makes a room and resolves when its command runs. Rejects with a TypeError or RangeError that names the field of the
   * spec, before anything is touched; with a RoomError when the host or the room has something against it, once nothing
   * is left of the attempt; with `signal.reason` when the signal aborts. The signal later ends the room, whose outcome then
   * is `aborted`.
   */
  spawn(spec: RoomSpec, options: Abortable = {}): Promise<Room> {
    return this.#track(this.#reserve.during(this.#spawn(spec, options.signal)));
  }

  /** Runs a command to its end and captures what it says: `spawn()` for when nothing happens in between. */
  run(spec: RoomSpec, options: RunOptions & { encoding: 'buffer' }): Promise<RunResult<Buffer>>;
  run(spec: RoomSpec, options?: RunOptions & { encoding?: BufferEncoding }): Promise<RunResult>;
  async run(spec: RoomSpec, options: RunOptions = {}): Promise<RunResult<string | Buffer>> {
    checkRunOptions(options);
    return capture(await this.spawn(spec, options), options);
  }

  /** What `spawn()` would hand to native code: everything that is a choice, made for this host. Makes no room. */
  async plan(spec: RoomSpec): Promise<Plan> {
    this.#requireOpen();
    const resolved = await this.#track(this.#lookUp(parseRoomSpec(spec), this.#host.places));
    try {
      return this.#buildPlan(resolved);
    } finally {
      this.#host.places.giveBack(resolved.place);
    }
  }

  /** What rooms can use of this host, and what to do about the rest. */
  hostReport(): ReturnType<typeof hostReport> {
    return hostReport();
  }

  /** What happens to all rooms, from now until the Anchor is closed. */
  events(): AsyncIterableIterator<AnchorEvent> {
    return this.#broadcast.read();
  }

  /** Ends every room (their outcome is `owner-closed`) and resolves when nothing of this Anchor is left. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#holding(() => this.#close()));
  }

  /** The end of an `await using` block: `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #spawn(spec: RoomSpec, signal: AbortSignal | undefined): Promise<Room> {
    this.#requireOpen();
    requireSignal(signal);
    signal?.throwIfAborted();
    const clock = new PhaseClock();
    const checked = parseRoomSpec(spec);
    clock.end('check');
    channels.spawnStart.publish({ spec: checked });
    try {
      const room = await this.#launch(checked, signal, clock);
      channels.spawnEnd.publish({ spec: checked, room });
      return room;
    } catch (error) {
      channels.spawnError.publish({ spec: checked, error });
      throw error;
    }
  }

  async #launch(checked: CheckedSpec, signal: AbortSignal | undefined, clock: PhaseClock): Promise<Room> {
    const resolved = await this.#resolve(checked, signal);
    clock.end('resolve');
    let life: RoomLife;
    let room: Room;
    try {
      const plan = this.#buildPlan(resolved);
      clock.end('plan');
      life = new RoomLife({
        launcher: this.#binding,
        plan,
        limits: checked.limits,
        clock,
        notify: (event) => this.#announce(room, event),
        gone: (clean) => this.#forget(room, resolved.place, clean),
      });
      room = new Room({ launcher: this.#binding, host: this.#host, resolved, plan, life });
      life.launch();
    } catch (error) {
      this.#reserve.giveBack(resolved.place, false);
      throw error;
    }
    const stop = onAbort(signal, () => life.end('aborted', signal?.reason));
    void life.exited.promise.then(stop);
    void this.#track(life.removed.promise).then(stop);
    await life.started.promise;
    return room;
  }

  /** A look-up cannot be stopped; what it took is given back when it comes too late. */
  async #resolve(checked: CheckedSpec, signal: AbortSignal | undefined): Promise<ResolvedRoom> {
    const resolving = this.#lookUp(checked, this.#reserve);
    try {
      const resolved = await orAbort(resolving, signal);
      this.#requireOpen();
      return resolved;
    } catch (error) {
      void resolving.then(
        ({ place }) => this.#reserve.giveBack(place, false),
        () => {},
      );
      // Whatever the look-up met, it met because the ground was taken from under it.
      if (signal?.aborted !== true) this.#requireOpen();
      throw error;
    }
  }

  async #lookUp(checked: CheckedSpec, places: RoomPlaces): Promise<ResolvedRoom> {
    try {
      return await resolveRoom(checked, this.#host, places);
    } catch (error) {
      throw errorFromNative(error);
    }
  }

  #buildPlan(resolved: ResolvedRoom): Plan {
    const { seccomp, capabilities } = resolved.spec;
    const surroundings = { capabilities, kernelRelease: this.#kernelRelease };
    return buildPlan(resolved, this.#filters.compile(seccomp, surroundings).program);
  }

  #announce(room: Room, event: RoomEvent): void {
    if (event.type === 'started') this.#rooms.set(room.id, room);
    if (event.type === 'exited') channels.exit.publish({ room, outcome: event.outcome });
    this.#broadcast.publish({ ...event, room });
    room.announce(event);
    if (event.type === 'started') this.emit('started', room);
    else if (event.type === 'exited') this.emit('exited', room, event.outcome);
    else if (event.type === 'removed') this.emit('removed', room, event.left);
    else if (event.type === 'oom') this.emit('oom', room, event);
    else this.emit('limit', room, event);
  }

  /** Ids of a room of which something is left must not go to another one: they stay taken until the Anchor closes. */
  #forget(room: Room, place: RoomPlace, clean: boolean): void {
    this.#rooms.delete(room.id);
    if (clean) this.#reserve.giveBack(place, true);
    else this.#unclean.push(place);
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new RoomError('ERR_ROOM_CLOSED', 'the Anchor is closed');
  }

  /** Keeps the process alive meanwhile. */
  async #holding(work: () => Promise<void>): Promise<void> {
    this.#binding.hold();
    try {
      await work();
    } finally {
      this.#binding.release();
    }
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    const done = (): void => void this.#pending.delete(work);
    work.then(done, done);
    return work;
  }

  async #close(): Promise<void> {
    this.#reserve.stop();
    // Look-ups in flight find the Anchor closed when they are done; rooms in flight are ended with the others.
    await this.#binding.close();
    // Their last events may still be on the way to this thread.
    await Promise.allSettled(this.#pending);
    await this.#reserve.close();
    for (const place of this.#unclean.splice(0)) this.#reserve.giveBack(place, true);
    this.#host.ids.close();
    await this.#undo();
    this.#broadcast.close();
  }
}
