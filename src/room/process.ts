import type { Readable, Writable } from 'node:stream';
import type { Launcher } from '../addon/native-anchor.js';
import type { Outcome } from './outcome.js';
import type { ProcessLife } from './process-life.js';
import { Pty } from './pty.js';
import { signalNumber } from './signals.js';
import type { Timings } from './timings.js';

/** One more process in a room, started by `room.exec()`. It ends with the room at the latest. */
export class RoomProcess {
  /** Program and arguments. */
  readonly argv: readonly string[];
  /** The pseudo-terminal, with `stdio: { pty: … }`; else null. */
  readonly pty: Pty | null;
  /** How it ended. Never rejects: an exit code, a signal or the end of the room are all values. */
  readonly exited: Promise<Outcome>;
  readonly #life: ProcessLife;

  /** @internal */
  constructor(launcher: Launcher, life: ProcessLife, argv: readonly string[], pty: boolean) {
    this.#life = life;
    this.argv = argv;
    this.pty = pty ? new Pty(launcher, life.stdio) : null;
    this.exited = life.exited.promise;
  }

  /** Its standard input, or null where `stdio` said something else than a pipe. With a pty, both directions of it. */
  get stdin(): Writable | null {
    return this.#life.stdio.stdin;
  }

  /** Its standard output, or null where `stdio` said something else than a pipe. With a pty, the same stream as `stdin`. */
  get stdout(): Readable | null {
    return this.#life.stdio.stdout;
  }

  /** Its standard error, or null where `stdio` said something else than a pipe, and with a pty. */
  get stderr(): Readable | null {
    return this.#life.stdio.stderr;
  }

  /** Where the time of its start went. */
  get timings(): Timings {
    return this.#life.timings;
  }

  /** Sends a signal, by way of room-init; false when it has ended already. Throws a TypeError or RangeError for no signal. */
  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    return this.#life.signal(signalNumber(signal));
  }
}
