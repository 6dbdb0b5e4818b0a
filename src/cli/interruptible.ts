import { Interrupted } from './command-error.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs work that a signal stops: it rejects with an Interrupted once the work has cleaned up behind itself. A second signal
 * has its usual effect, should that take too long.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const leave = (): void => {
    for (const signal of signals) process.off(signal, stop);
  };
  const stop = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      leave();
      process.kill(process.pid, signal);
    }
    controller.abort(new Interrupted(signal));
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    leave();
  }
}
