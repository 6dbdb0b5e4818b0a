import { setTimeout as sleep } from 'node:timers/promises';
import { onAbort } from '../abort.js';
import type { Launcher } from '../addon/native-anchor.js';
import { RoomError } from '../errors.js';
import type { ResolvedService } from '../host/resolved-room.js';
import { aboutField } from '../host/vault.js';
import { planService } from '../plan/process.js';
import { child } from '../spec/field.js';
import { Deferred } from './deferred.js';
import { filesOf, type RoomFiles } from './files.js';
import type { Outcome } from './outcome.js';
import { printable } from './printable.js';
import { listensOn, untilTrue, type Probe } from './readiness.js';
import { ServiceOutput } from './service-log.js';
import { Service } from './service.js';
import type { WaitingRoom } from './waiting.js';

/** The services of one room. */
export class RoomServices {
  readonly byName: ReadonlyMap<string, Service>;

  constructor(byName: ReadonlyMap<string, Service>) {
    this.byName = byName;
  }

  /** Calls `react` with each that ends by itself, before the room does; also with those that have already. */
  onEarlyEnd(react: (service: Service, outcome: Outcome) => void): void {
    for (const service of this.byName.values())
      void service.exited.then((outcome) => {
        if (service.early) react(service, outcome);
      });
  }

  /** The room is gone. Nobody reads on: a room can have handed the other ends of its pipes to somebody outside. */
  end(): void {
    for (const service of this.byName.values()) service.end();
  }

  /** What becomes of the outcome of a room that is gone: what its services came to, then what `collect` makes of it. Never rejects. */
  collector(
    collect: ((outcome: Outcome) => Promise<Outcome>) | null,
  ): ((outcome: Outcome) => Promise<Outcome>) | null {
    if (this.byName.size === 0) return collect;
    return async (outcome) => {
      const services = await Promise.all([...this.byName.values()].map((service) => service.settle()));
      const settled = Object.freeze({ ...outcome, services: Object.freeze(services) });
      return collect === null ? settled : collect(settled);
    };
  }
}

/** Nearly every room. */
export const noServices = new RoomServices(new Map());

/** What setTimeout() can wait for. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Starts the services of a room that waits for its command; resolves when all are ready. Rejects with the first reason why one is not,
 * or with that of the signal: then the room is for nothing any more, and whoever ends it ends what was started.
 */
export async function startServices(
  waiting: WaitingRoom,
  launcher: Launcher,
  signal: AbortSignal | undefined,
): Promise<RoomServices> {
  const start = new ServiceStart(waiting, launcher);
  const undo = onAbort(signal, () => start.stop());
  try {
    await start.all();
  } catch (error) {
    for (const service of start.started.values()) service.end();
    signal?.throwIfAborted();
    throw error;
  } finally {
    undo();
    start.stop();
  }
  return new RoomServices(start.started);
}

class ServiceStart {
  readonly started = new Map<string, Service>();
  readonly #waiting: WaitingRoom;
  readonly #launcher: Launcher;
  readonly #files: RoomFiles;
  readonly #over = new AbortController();
  /** Rejects when one that is essential has gone: nobody has to wait for the others. */
  readonly #lost = new Deferred<never>();

  constructor(waiting: WaitingRoom, launcher: Launcher) {
    const { plan, resolved } = waiting;
    this.#waiting = waiting;
    this.#launcher = launcher;
    this.#files = filesOf(launcher, () => waiting.number, plan.identity, resolved.user);
  }

  async all(): Promise<void> {
    const begun = new Map<string, Promise<void>>();
    for (const service of this.#waiting.resolved.services) {
      const before = service.after.map((name) => begun.get(name) ?? Promise.resolve());
      begun.set(
        service.name,
        Promise.all(before).then(() => this.#start(service)),
      );
    }
    await Promise.race([Promise.all(begun.values()), this.#lost.promise]);
  }

  /** Nobody looks any more. */
  stop(): void {
    this.#over.abort();
  }

  async #start(service: ResolvedService): Promise<void> {
    const { signal } = this.#over;
    const probe = await this.#probeOf(service);
    signal.throwIfAborted();
    const { capabilities } = this.#waiting.resolved.spec;
    const { life, streams } = this.#waiting.exec(planService(service, capabilities, { hears: true }));
    const output = new ServiceOutput(streams, this.#launcher);
    try {
      await life.started.promise;
      signal.throwIfAborted();
    } catch (error) {
      output.end();
      throw aboutField(fieldOf(service), error);
    }
    const started = new Service(service, life, output);
    this.started.set(service.name, started);
    if (probe !== null) await becomesReady(started, service, probe, signal);
    if (!service.essential) return;
    void started.exited.then((outcome) => {
      if (started.early) this.#lost.reject(endedBefore(started, outcome, 'the command began'));
    });
  }

  async #probeOf(service: ResolvedService): Promise<Probe | null> {
    const { ready } = service;
    switch (ready.kind) {
      case 'started':
        return null;
      case 'port':
        return () => listensOn(this.#waiting.pid, ready.port);
      case 'path': {
        const before = await this.#modified(ready.path);
        return async () => {
          const now = await this.#modified(ready.path);
          return now !== null && now !== before;
        };
      }
      case 'command':
        return (signal) => this.#returnsZero(service, ready.command, signal);
    }
  }

  /** When what is at a path was changed last; null: there is nothing. */
  async #modified(path: string): Promise<number | null> {
    try {
      return (await this.#files.stat(path)).modified.getTime();
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  async #returnsZero(
    service: ResolvedService,
    argv: readonly string[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { capabilities } = this.#waiting.resolved.spec;
    try {
      const { life } = this.#waiting.exec(planService(service, capabilities, { argv, hears: false }));
      const undo = onAbort(signal, () => life.abort());
      try {
        await life.started.promise;
        return (await life.exited.promise).exitCode === 0;
      } finally {
        undo();
      }
    } catch (error) {
      if (isAbsent(error)) return false;
      throw aboutField(`${fieldOf(service)}.ready.command`, error);
    }
  }
}

function fieldOf({ name }: { readonly name: string }): string {
  return child('services', name);
}

/** There is nothing at a path yet; or the room has ended, and the end of the service tells that better. */
function isAbsent(error: unknown): boolean {
  if (!(error instanceof RoomError)) return false;
  const { code, errno } = error;
  return code === 'ERR_ROOM_ENDED' || (code === 'ERR_ROOM_FILE' && (errno === -ENOENT || errno === -ENOTDIR));
}

const ENOENT = 2;
const ENOTDIR = 20;

async function becomesReady(
  service: Service,
  { ready }: ResolvedService,
  probe: Probe,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const undo = onAbort(signal, () => over.abort());
  const ended = service.exited.then((outcome) => {
    throw endedBefore(service, outcome, 'it was ready');
  });
  const wait = sleep(Math.min(ready.timeout, LONGEST_TIMER), undefined, { signal: over.signal, ref: false });
  const late = wait.then(() => {
    throw notReady(service, ready);
  });
  try {
    await Promise.race([untilTrue(probe, over.signal), ended, late]);
  } finally {
    undo();
    over.abort();
  }
}

/** For a service without which there is no room. */
export function endedBefore(service: Service, outcome: Outcome, what: string): RoomError {
  const { exitCode, signal, reason } = outcome;
  const how = exitCode === null ? `by ${signal ?? 'a signal'}` : `with exit code ${exitCode}`;
  const log = service.lastLines();
  const last = log.at(-1);
  const message = service.early
    ? `the service ${service.name} ended ${how} before ${what}${last === undefined ? '' : `: ${last}`}`
    : `the room ended (${reason}) before the service ${service.name} was ready`;
  return new RoomError('ERR_ROOM_SERVICE', message, {
    step: 'service',
    log,
    ...(service.early && exitCode === 0
      ? { hint: 'A service has to stay in the foreground: the process that was started is the service.' }
      : {}),
  });
}

function notReady(service: Service, ready: ResolvedService['ready']): RoomError {
  return new RoomError(
    'ERR_ROOM_SERVICE',
    `the service ${service.name} was not ready after ${ready.timeout} ms: ${whatIsMissing(ready)}`,
    {
      step: 'service',
      log: service.lastLines(),
      hint: `Raise ${fieldOf(service)}.ready.timeout if it needs longer.`,
    },
  );
}

function whatIsMissing(ready: ResolvedService['ready']): string {
  switch (ready.kind) {
    case 'started':
      return 'it did not start';
    case 'port':
      return `nobody listens on port ${ready.port}`;
    case 'path':
      return `there is no new ${printable(ready.path)}`;
    case 'command':
      return `${printable(ready.command[0] ?? '')} did not return 0`;
  }
}
