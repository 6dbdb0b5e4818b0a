import type { Room } from '../index.js';
import { Interrupted } from './command-error.js';

/** What somebody may send to this process and mean the program. */
const relayed = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * Passes signals on to the command of a room. Before there is one, those that would end this process stop the making of
 * the room, and the others wait for it.
 */
export class SignalRelay {
  readonly #starting = new AbortController();
  readonly #waiting: NodeJS.Signals[] = [];
  #room: Room | null = null;

  constructor() {
    for (const signal of relayed) process.on(signal, this.#receive);
  }

  /** For `spawn()`: aborts with an Interrupted. */
  get starting(): AbortSignal {
    return this.#starting.signal;
  }

  attach(room: Room): void {
    this.#room = room;
    for (const signal of this.#waiting.splice(0)) room.kill(signal);
  }

  /** Signals have their usual effect again. */
  stop(): void {
    for (const signal of relayed) process.off(signal, this.#receive);
  }

  readonly #receive = (signal: NodeJS.Signals): void => {
    if (this.#room !== null) this.#room.kill(signal);
    else if (signal === 'SIGUSR1' || signal === 'SIGUSR2') this.#waiting.push(signal);
    else {
      // Should that take too long, the next signal has its usual effect.
      this.stop();
      this.#starting.abort(new Interrupted(signal));
    }
  };
}
