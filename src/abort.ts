import { SpecTypeError } from './errors.js';

/** Anything that may carry a signal. */
export interface Abortable {
  /** Ends what it is given to; the promise then rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

/**
 * Calls `react` once when the signal aborts, at once when it has already. Returns what takes the listener away again:
 * whoever listens has to call it in the end, or a long-lived signal collects listeners.
 */
export function onAbort(signal: AbortSignal | undefined, react: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    react();
    return () => {};
  }
  signal.addEventListener('abort', react, { once: true });
  return () => signal.removeEventListener('abort', react);
}

/** Waits for work that cannot be stopped; rejects with `signal.reason` as soon as the signal aborts. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    // Whatever was given to abort(): most often an Error, but that is up to the caller.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    stop = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    stop();
  }
}

/** A TypeError for what cannot be listened to: a forgotten `.signal` would otherwise never abort anything. */
export function requireSignal(signal: unknown): asserts signal is AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw new SpecTypeError('ERR_ROOM_SPEC_TYPE', 'signal', 'expected an AbortSignal');
}
