import { release } from 'node:os';
import type { Plan, RunningPlan } from '../../types/plan.js';
import { onAbort, orAbort } from '../abort.js';
import type { AnchorBinding } from '../addon/native-anchor.js';
import { errorFromNative } from '../addon/refusal.js';
import type { Host } from '../host/host.js';
import type { RoomPlace } from '../host/places.js';
import type { ResolvedSpec } from '../host/resolved-room.js';
import { placeRoom, resolveAgain, resolveRoom, resolveSpec } from '../host/resolve.js';
import { planBlank } from '../plan/blank.js';
import { buildPlan, buildWaitingPlan, planRun } from '../plan/build.js';
import { SeccompCache } from '../plan/seccomp/profile.js';
import { refuseUserNamespaces } from '../plan/seccomp/user-namespaces.js';
import { shapeAgain, shapeOf, type RoomShape } from '../plan/shape.js';
import type { CheckedRoom, CheckedSpec } from '../spec/checked.js';
import { parseLimits } from '../spec/limits.js';
import type { RememberedSpec } from '../spec/memory.js';
import { parseSeccomp } from '../spec/seccomp.js';
import { Ahead } from './ahead.js';
import type { RoomEvent } from './events.js';
import { CheckpointWatch } from './checkpoints.js';
import { collectorOf, holdOfVault, needsVault, nothingHeld, withDropzones, type Held } from './held.js';
import { RoomLife } from './life.js';
import { limitWritesOn, writeLimits } from './limits.js';
import { Lull } from './lull.js';
import { Reserve } from './reserve.js';
import { Room } from './room.js';
import { noServices, startServices } from './services.js';
import type { PhaseClock } from './timings.js';
import { WaitingRoom } from './waiting.js';

export interface MakerParts {
  readonly binding: AnchorBinding;
  readonly host: Host;
  /** Rooms that are kept ready: blank ones, and up to half of them waiting for a spec that comes again. */
  readonly reserve: number;
  /** Milliseconds after which rooms that wait for a spec that does not come are given up. */
  readonly plankIdle: number;
  /** Hears why a room could not be made ahead. */
  readonly failed: (error: unknown) => void;
  /** Hears what happens to every room that ran. */
  readonly announce: (room: Room, event: RoomEvent) => void;
  /** Nothing of a room is left, or as little as can be. */
  readonly forget: (room: Room) => void;
  /** Work that close() has to wait for. */
  readonly track: <T>(work: Promise<T>) => Promise<T>;
  /** Throws when the Anchor is closed. */
  readonly requireOpen: () => void;
}

/** Makes the rooms of an Anchor: from a checked spec to a room whose command runs, by the shortest way there is. */
export class RoomMaker {
  readonly lull = new Lull();
  readonly #parts: MakerParts;
  readonly #reserve: Reserve;
  readonly #ahead: Ahead;
  /** Of rooms that could not be removed. */
  readonly #unclean: RoomPlace[] = [];
  readonly #filters = new SeccompCache();
  readonly #kernelRelease = release();
  /** For one more room of the same kind. */
  #known: { readonly room: CheckedRoom; readonly answer: Answer } | null = null;

  constructor(parts: MakerParts) {
    this.#parts = parts;
    const { binding, host, reserve, plankIdle } = parts;
    const { disk, files } = parseLimits(undefined, 'limits');
    const { pidMax, seesCgroup } = host;
    const blank = {
      cgroup: host.cgroup.directory,
      covers: host.covers.mapped,
      pidMax,
      seesCgroup,
      disk: { bytes: disk, files },
    };
    const failed = (error: unknown): void => parts.failed(errorFromNative(error));
    this.#ahead = new Ahead({
      size: Math.floor(reserve / 2),
      patience: plankIdle,
      make: (resolved, shape) => this.makeWaiting(resolved, shape),
      failed,
    });
    this.#reserve = new Reserve({
      size: () => reserve - this.#ahead.size,
      fresh: host.places,
      prepare: (place) => binding.prepare(planBlank(place, blank)),
      failed,
    });
    // The filter that nearly every room has: milliseconds that are better spent here than when the first room starts.
    this.#filterOf({ seccomp: parseSeccomp('default', 'seccomp'), capabilities: [], identity: 'mapped' });
    this.lull.add(this.#reserve);
    this.lull.add(this.#ahead);
  }

  /** Resolves when the command runs, rejects once nothing is left of the attempt. */
  async make(asked: RememberedSpec, signal: AbortSignal | undefined, clock: PhaseClock): Promise<Room> {
    const { resolved, shape } = await this.resolve(asked, signal);
    clock.end('resolve');
    if (resolved.services.length > 0) return this.#makeServed(resolved, shape, signal, clock);
    const room =
      (await this.#useAhead(resolved, shape, signal, clock)) ??
      (await this.#launch(resolved, shape, signal, clock));
    this.#ahead.learn(resolved, shape);
    return room;
  }

  /** One whose services are ready before its command begins. */
  async #makeServed(
    resolved: ResolvedSpec,
    shape: RoomShape,
    signal: AbortSignal | undefined,
    clock: PhaseClock,
  ): Promise<Room> {
    const { binding, requireOpen } = this.#parts;
    binding.hold();
    try {
      const waiting = await this.lull.aside(this.makeWaiting(resolved, shape, signal));
      clock.end('services');
      const room = await this.use(waiting, { resolved, newLimits: false, signal }, clock);
      if (room !== undefined) return room;
      await waiting.over.promise;
      signal?.throwIfAborted();
      requireOpen();
      throw waiting.lost();
    } finally {
      binding.release();
    }
  }

  /** Everything that would be decided about a room. Makes none. */
  async plan(spec: CheckedSpec): Promise<Plan> {
    const filter = this.#filterOf(spec);
    const resolved = await this.#parts.track(resolveRoom(spec, this.#parts.host)).catch((error: unknown) => {
      throw errorFromNative(error);
    });
    try {
      return buildPlan(resolved, filter);
    } finally {
      this.#parts.host.places.giveBack(resolved.place);
    }
  }

  /** What the host says about a spec. A look-up cannot be stopped; when it comes too late, nobody waits for it. */
  async resolve(asked: RememberedSpec, signal?: AbortSignal): Promise<Answer> {
    try {
      const answer = await orAbort(this.#ask(asked), signal);
      this.#parts.requireOpen();
      return answer;
    } catch (error) {
      // Whatever the look-up met, it met because the ground was taken from under it.
      if (signal?.aborted !== true) this.#parts.requireOpen();
      throw errorFromNative(error);
    }
  }

  async #ask({ spec, room }: RememberedSpec): Promise<Answer> {
    const { host } = this.#parts;
    if (this.#known?.room === room) {
      const { answer } = this.#known;
      const resolved = await resolveAgain(spec, host, answer.resolved);
      if (resolved !== null) return { resolved, shape: shapeAgain(answer.shape, spec) };
    }
    const filter = this.#filterOf(spec);
    const resolved = await resolveSpec(spec, host);
    const answer = { resolved, shape: shapeOf(resolved, filter) };
    this.#known = { room, answer };
    return answer;
  }

  /** Launches a room without a command; resolves when it waits, and its services are ready. */
  async makeWaiting(asked: ResolvedSpec, shape: RoomShape, signal?: AbortSignal): Promise<WaitingRoom> {
    const place = this.#reserve.take(asked.spec.identity);
    const waiting = await this.#holding(asked, place, signal, (held, resolved) => {
      const made = new WaitingRoom({
        launcher: this.#parts.binding,
        plan: buildWaitingPlan(placeRoom(resolved, place), shape.filter),
        place,
        resolved,
        held,
        gone: (clean) => this.#leave(place, held, clean),
      });
      made.launch();
      return made;
    });
    void this.#parts.track(waiting.over.promise);
    await waiting.ready.promise;
    if (asked.services.length > 0) await this.#serve(waiting, signal);
    return waiting;
  }

  async #serve(waiting: WaitingRoom, signal: AbortSignal | undefined): Promise<void> {
    try {
      signal?.throwIfAborted();
      waiting.services = await startServices(waiting, this.#parts.binding, signal);
      waiting.services.onEarlyEnd(({ essential }) => {
        if (essential && waiting.waiting) waiting.discard();
      });
    } catch (error) {
      waiting.discard();
      await waiting.over.promise;
      if (signal?.aborted !== true) this.#parts.requireOpen();
      throw error;
    }
  }

  /**
   * Gives a waiting room the command of a spec; resolves when it runs. Undefined when the room has ended: nothing has happened
   * then.
   */
  async use(waiting: WaitingRoom, taking: Taking, clock: PhaseClock): Promise<Room | undefined> {
    const made = await this.#run(waiting, taking, clock);
    if (made === undefined) return undefined;
    await this.#settle(made.life, taking.signal);
    return made.room;
  }

  async #run(
    waiting: WaitingRoom,
    { resolved, newLimits }: Taking,
    clock: PhaseClock,
  ): Promise<Made | undefined> {
    try {
      const plan = newLimits ? await this.#arm(waiting.plan, resolved.spec) : waiting.plan;
      const made = this.#prepare(resolved, waiting, planRun(plan, resolved), clock);
      if (!made.life.adopt(waiting)) return undefined;
      waiting.services.onEarlyEnd(({ essential }) => {
        if (essential) made.life.end('service-ended');
      });
      void made.life.exited.promise.then(() => waiting.services.end());
      return made;
    } catch (error) {
      waiting.discard();
      await waiting.over.promise;
      throw error;
    }
  }

  /** Other limits than those that it was made with, before anything runs in it. */
  async #arm(plan: Plan, { limits }: CheckedSpec): Promise<Plan> {
    const writes = limitWritesOn(this.#parts.host, limits);
    if (plan.cgroup === null) return plan;
    await writeLimits(plan.cgroup, writes);
    return { ...plan, cgroup: { ...plan.cgroup, writes } };
  }

  /** Waits until the command runs. From here on the signal ends the room. */
  async #settle(life: RoomLife, signal: AbortSignal | undefined): Promise<void> {
    const stop = onAbort(signal, () => life.end('aborted', signal?.reason));
    void life.exited.promise.then(stop);
    void this.#parts.track(life.removed.promise).then(stop);
    await life.started.promise;
  }

  /** No room is made ahead any more; resolves when what was being made is. Before native code ends what waits. */
  async stop(): Promise<void> {
    const idle = this.lull.stop();
    await this.#ahead.giveUp();
    await idle;
  }

  /** Gives back the places of what waited, when native code has ended it. */
  close(): void {
    this.#reserve.close();
    for (const place of this.#unclean.splice(0)) this.#reserve.giveBack(place, true);
  }

  async #useAhead(
    resolved: ResolvedSpec,
    shape: RoomShape,
    signal: AbortSignal | undefined,
    clock: PhaseClock,
  ): Promise<Room | undefined> {
    for (let waiting; (waiting = this.#ahead.take(shape)) !== undefined;) {
      const room = await this.use(waiting, { resolved, newLimits: false, signal }, clock);
      if (room !== undefined) return room;
    }
    return undefined;
  }

  async #launch(
    asked: ResolvedSpec,
    { filter }: RoomShape,
    signal: AbortSignal | undefined,
    clock: PhaseClock,
  ): Promise<Room> {
    const place = this.#reserve.take(asked.spec.identity);
    const made = await this.#holding(asked, place, signal, (held, resolved) => {
      const prepared = this.#prepare(
        resolved,
        { place, held, services: noServices },
        buildPlan(placeRoom(resolved, place), filter),
        clock,
      );
      prepared.life.launch();
      return prepared;
    });
    await this.#settle(made.life, signal);
    return made.room;
  }

  /** Holds what a room uses of the vault, and launches it; when that comes to nothing, all is given back. */
  async #holding<T>(
    resolved: ResolvedSpec,
    place: RoomPlace,
    signal: AbortSignal | undefined,
    launch: (held: Held, resolved: ResolvedSpec) => T,
  ): Promise<T> {
    let held = nothingHeld;
    try {
      if (needsVault(resolved)) {
        held = await holdOfVault(this.#parts.host.vault, resolved, place);
        signal?.throwIfAborted();
        this.#parts.requireOpen();
      }
      return launch(held, withDropzones(resolved, held));
    } catch (error) {
      await held.release();
      this.#reserve.giveBack(place, false);
      throw error;
    }
  }

  #prepare(
    resolved: ResolvedSpec,
    { place, held, services }: Pick<WaitingRoom, 'place' | 'held' | 'services'>,
    plan: RunningPlan,
    clock: PhaseClock,
  ): Made {
    clock.end('plan');
    const { binding, host, announce, forget } = this.#parts;
    const checkpoints = new CheckpointWatch(held.dropzones, place.id, (event) => announce(room, event));
    const life = new RoomLife({
      launcher: binding,
      plan,
      limits: resolved.spec.limits,
      clock,
      notify: (event) => {
        if (event.type === 'started') checkpoints.begin();
        announce(room, event);
        if (event.type !== 'started') return;
        services.onEarlyEnd(({ name }, outcome) => announce(room, { type: 'service', name, outcome }));
      },
      collect: services.collector(collectorOf(held, place.id, checkpoints)),
      gone: (clean) => {
        forget(room);
        return this.#leave(place, held, clean);
      },
    });
    const room = new Room({
      ...{ launcher: binding, host, resolved: placeRoom(resolved, place) },
      ...{ plan, life, services },
    });
    return { room, life };
  }

  /** Ids of a room of which something is left must not go to another one: they stay taken until the Anchor closes. */
  #leave(place: RoomPlace, held: Held, clean: boolean): Promise<void> | undefined {
    if (clean) this.#reserve.giveBack(place, true);
    else this.#unclean.push(place);
    // Whoever hears that the room is gone finds nothing of the vault in use by it.
    return held === nothingHeld ? undefined : held.release();
  }

  #filterOf({ seccomp, capabilities, identity }: Filtered): Uint8Array {
    const { program } = this.#filters.compile(seccomp, { capabilities, kernelRelease: this.#kernelRelease });
    refuseUserNamespaces(identity, program);
    return program;
  }
}

/** What a filter is made from. */
type Filtered = Pick<CheckedSpec, 'seccomp' | 'capabilities' | 'identity'>;

/** What is done with a waiting room. */
export interface Taking {
  /** Of the shape that the room has; the command and its user are these. */
  readonly resolved: ResolvedSpec;
  /** The limits of the spec are not those that the room was made with. */
  readonly newLimits: boolean;
  readonly signal: AbortSignal | undefined;
}

/** What the host said about a spec. */
interface Answer {
  readonly resolved: ResolvedSpec;
  readonly shape: RoomShape;
}

interface Made {
  readonly room: Room;
  readonly life: RoomLife;
}
