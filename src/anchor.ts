import { EventEmitter } from 'node:events';
import type { Plan } from '../types/plan.js';
import { requireSignal, type Abortable } from './abort.js';
import { hostReport } from './addon/host-report.js';
import { errorFromNative } from './addon/refusal.js';
import type { AnchorBinding } from './addon/native-anchor.js';
import { openHost, type HostOptions, type OpenedHost } from './addon/open-host.js';
import { channels, feedDebugLog } from './diagnostics.js';
import { RoomError } from './errors.js';
import type { Host } from './host/host.js';
import { buildPlank } from './plank/build.js';
import { buildNixPlank } from './plank/build-nix.js';
import { inspectPlank } from './plank/inspect.js';
import { verifyPlank } from './plank/verify.js';
import { Broadcast, type CheckpointEvent, type RoomEvent, type ServiceEvent } from './room/events.js';
import { RoomMaker } from './room/maker.js';
import { Pool } from './room/pool.js';
import type { Outcome } from './room/outcome.js';
import type { Room } from './room/room.js';
import { PhaseClock } from './room/timings.js';
import { RoomRecords } from './room-records.js';
import { capture, checkRunOptions, type RunOptions, type RunResult } from './run.js';
import type { CheckedSpec } from './spec/checked.js';
import { SpecMemory } from './spec/memory.js';
import { parseRoomSpec } from './spec/parse.js';
import type { RoomSpec } from './spec/room-spec.js';
import type { PoolOptions, PoolSpec } from './spec/take-options.js';
import {
  openAnchorVault,
  takeVaultOption,
  type AnchorVault,
  type AnchorVaultOption,
} from './vault/anchor-vault.js';
import type { Vault } from './vault/vault.js';

/** How an Anchor is opened. Plain JSON. */
export interface AnchorOptions extends HostOptions {
  /** What outlives its rooms. Without one nothing does. */
  vault?: AnchorVaultOption;
}

/** Listeners of an Anchor: events of all its rooms. */
export interface AnchorEventMap {
  started: [room: Room];
  oom: [room: Room, event: Extract<RoomEvent, { type: 'oom' }>];
  limit: [room: Room, event: Extract<RoomEvent, { type: 'limit' }>];
  checkpoint: [room: Room, event: CheckpointEvent];
  service: [room: Room, event: ServiceEvent];
  exited: [room: Room, outcome: Outcome];
  removed: [room: Room, left: RoomError | null];
}

/** One event of one room, for `for await (const event of anchor.events())`. */
export type AnchorEvent = RoomEvent & { readonly room: Room };

/** Functions on room images; none of them needs an Anchor. */
export interface Planks {
  readonly build: typeof buildPlank;
  readonly buildNix: typeof buildNixPlank;
  readonly inspect: typeof inspectPlank;
  readonly verify: typeof verifyPlank;
}

/**
 * This host, ready to make rooms. Everything belongs to the Anchor that made it: several of them, also in worker threads,
 * know nothing of each other. One that has no living room does not keep the process alive.
 */
export class Anchor extends EventEmitter<AnchorEventMap> {
  /** Build, inspect and verify room images. */
  readonly planks: Planks = Object.freeze({
    build: buildPlank,
    buildNix: buildNixPlank,
    inspect: inspectPlank,
    verify: verifyPlank,
  });
  /** What outlives its rooms, or null; closed with the Anchor. */
  readonly vault: Vault | null;
  readonly #binding: AnchorBinding;
  readonly #host: Host;
  readonly #undo: () => Promise<void>;
  readonly #rooms = new Map<string, Room>();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #maker: RoomMaker;
  readonly #specs = new SpecMemory();
  readonly #records: RoomRecords | null;
  readonly #pools = new Set<Pool>();
  readonly #broadcast = new Broadcast<AnchorEvent>();
  #closing: Promise<void> | undefined;

  private constructor(
    { binding, host, reserve, plankIdle, undo }: OpenedHost,
    { vault, record }: AnchorVault,
  ) {
    super();
    this.vault = vault;
    this.#records = record && vault !== null ? new RoomRecords(vault) : null;
    this.#binding = binding;
    this.#host = host;
    this.#undo = undo;
    this.#maker = new RoomMaker({
      binding,
      host,
      reserve,
      plankIdle,
      failed: (error) => channels.reserveError.publish({ error }),
      announce: (room, event) => this.#announce(room, event),
      forget: (room) => this.#rooms.delete(room.id),
      track: (work) => this.#track(work),
      requireOpen: () => this.#requireOpen(),
    });
  }

  /**
   * Reads what the host can do, loads the addon and starts its threads. Throws ERR_ROOM_ADDON_LOAD,
   * ERR_ROOM_UNSUPPORTED_PLATFORM, ERR_ROOM_PERMISSION, ERR_ROOM_CGROUP_… (only for a cgroup that the options name), ERR_VAULT_…
   * (what `Vault.open()` throws), or a TypeError or RangeError for bad options.
   */
  static async open(options: AnchorOptions = {}): Promise<Anchor> {
    feedDebugLog();
    const wanted = takeVaultOption(options);
    const opened = await openAnchorVault(wanted.vault);
    const { vault } = opened;
    try {
      const anchor = new Anchor(await openHost(wanted.host, vault), opened);
      void anchor.#maker.lull.fill();
      return anchor;
    } catch (error) {
      await vault?.close();
      throw error;
    }
  }

  /**
   * Resolves when as many rooms are ready as `AnchorOptions.reserve` says, or as many as can be made: for whoever wants the
   * first spawns to be as fast as the later ones, or measures.
   */
  async ready(): Promise<void> {
    this.#requireOpen();
    await this.#holding(() => this.#maker.lull.fill());
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
    return this.#track(this.#maker.lull.during(this.#spawn(spec, options.signal)));
  }

  /**
   * Rooms of one spec that are put together ahead: `take()` only starts their command. Throws a TypeError or RangeError for
   * a bad spec or option; what the host has against the spec shows when rooms are made. Ends with its Anchor.
   */
  pool(spec: PoolSpec, options: PoolOptions = {}): Pool {
    this.#requireOpen();
    const pool = new Pool({
      maker: this.#maker,
      spec,
      options,
      spawning: (checked, work) => this.#track(this.#maker.lull.during(this.#observe(checked, work))),
      holding: (work) => this.#holding(work),
      failed: (error) => channels.reserveError.publish({ error: errorFromNative(error) }),
      closed: () => this.#pools.delete(pool),
    });
    this.#pools.add(pool);
    return pool;
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
    return this.#maker.plan(parseRoomSpec(spec));
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
    const asked = this.#specs.parse(spec);
    clock.end('check');
    return this.#observe(asked.spec, () => this.#maker.make(asked, signal, clock));
  }

  async #observe(checked: CheckedSpec, make: () => Promise<Room>): Promise<Room> {
    channels.spawnStart.publish({ spec: checked });
    try {
      const room = await make();
      await this.#record(room);
      return room;
    } catch (error) {
      channels.spawnError.publish({ spec: checked, error });
      await this.#records?.failed(checked, error);
      throw error;
    }
  }

  /** A room that cannot be recorded is none. */
  async #record(room: Room): Promise<void> {
    if (this.#records === null) return;
    try {
      void this.#track((await this.#records.begin(room)).ended);
    } catch (error) {
      await room.destroy();
      throw error;
    }
  }

  #announce(room: Room, event: RoomEvent): void {
    if (event.type === 'started') {
      this.#rooms.set(room.id, room);
      // Not when spawn() resolves: of a short command the end may be told before.
      channels.spawnEnd.publish({ spec: room.spec, room });
    }
    if (event.type === 'exited') channels.exit.publish({ room, outcome: event.outcome });
    this.#broadcast.publish({ ...event, room });
    room.announce(event);
    if (event.type === 'started') this.emit('started', room);
    else if (event.type === 'exited') this.emit('exited', room, event.outcome);
    else if (event.type === 'removed') this.emit('removed', room, event.left);
    else if (event.type === 'oom') this.emit('oom', room, event);
    else if (event.type === 'checkpoint') this.emit('checkpoint', room, event);
    else if (event.type === 'service') this.emit('service', room, event);
    else this.emit('limit', room, event);
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
    const stopped = Promise.all([this.#maker.stop(), ...[...this.#pools].map((pool) => pool.close())]);
    // Look-ups in flight find the Anchor closed when they are done; rooms in flight are ended with the others.
    await this.#binding.close();
    await stopped;
    // Their last events may still be on the way to this thread.
    await Promise.allSettled(this.#pending);
    this.#maker.close();
    this.#host.ids.close();
    await this.#undo();
    await this.vault?.close();
    this.#broadcast.close();
  }
}
