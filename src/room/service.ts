import type { ResolvedService } from '../host/resolved-room.js';
import type { Outcome } from './outcome.js';
import type { ProcessLife } from './process-life.js';
import type { ServiceLog, ServiceOutput } from './service-log.js';
import { signalNumber } from './signals.js';

/** How a service ended. */
export interface ServiceOutcome {
  readonly name: string;
  /** It ended by itself, before the room did. If not, the room took it along. */
  readonly early: boolean;
  /** Of one that ended early: 0 to 255 when it returned, else null. */
  readonly exitCode: number | null;
  /** Of one that ended early: the signal that killed it. Else null. */
  readonly signal: string | null;
  /** What it said last. */
  readonly log: ServiceLog;
}

/** A service of a room. It was ready before the command of the room began, and ends with the room at the latest. */
export class Service {
  readonly name: string;
  /** When it ends, so does the room. */
  readonly essential: boolean;
  /** How it ended. Never rejects. One that the room took along has the reason of the room, as other processes have. */
  readonly exited: Promise<Outcome>;
  readonly #life: ProcessLife;
  readonly #output: ServiceOutput;
  #end: Outcome | null = null;

  /** @internal */
  constructor({ name, essential }: ResolvedService, life: ProcessLife, output: ServiceOutput) {
    this.name = name;
    this.essential = essential;
    this.#life = life;
    this.#output = output;
    this.exited = life.exited.promise;
    void this.exited.then((outcome) => (this.#end = outcome));
  }

  get state(): 'running' | 'ended' {
    return this.#end === null ? 'running' : 'ended';
  }

  /** What it has said last; also after its end. */
  log(): ServiceLog {
    return this.#output.log();
  }

  /** Sends it a signal, by way of room-init; false when it has ended already. Throws a TypeError or RangeError for no signal. */
  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    return this.#life.signal(signalNumber(signal));
  }

  /** @internal How it ended; null: it has not. */
  get outcome(): Outcome | null {
    return this.#end;
  }

  /** @internal It ended by itself, before the room did. */
  get early(): boolean {
    return this.#life.early;
  }

  /** @internal What it said last, for an error. */
  lastLines(): string[] {
    return this.#output.lastLines();
  }

  /** @internal Its log is what has been said until now. */
  end(): void {
    this.#output.end();
  }

  /** @internal The room is gone. */
  async settle(): Promise<ServiceOutcome> {
    const { exitCode, signal } = await this.exited;
    this.end();
    const { name, early } = this;
    return Object.freeze({
      name,
      early,
      exitCode: early ? exitCode : null,
      signal: early ? signal : null,
      log: this.log(),
    });
  }
}
