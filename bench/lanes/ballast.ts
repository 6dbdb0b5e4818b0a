import { openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** What a program may have beside its rooms, and what may make it slow to start something. */
export interface Ballast {
  /** Memory that is really there (RSS). */
  readonly megabytes?: number;
  /** Open descriptors. */
  readonly fds?: number;
  /** Idle worker threads. */
  readonly workers?: number;
}

/** As V8 takes memory for its heap. In one piece the kernel would use huge pages, and a fork would have little to copy. */
const chunk = 256 * 1024;

const kept: unknown[] = [];

/** Loads this process with what the text (JSON of {@link Ballast}) says, for as long as it lives. */
export function layBallast(text: string | undefined): void {
  const { megabytes = 0, fds = 0, workers = 0 } = JSON.parse(text || '{}') as Ballast;
  for (let bytes = 0; bytes < megabytes * 2 ** 20; bytes += chunk) kept.push(Buffer.alloc(chunk, 1));
  for (let number = 0; number < fds; number++) kept.push(openSync('/dev/null', 'r'));
  for (let number = 0; number < workers; number++) {
    const worker = new Worker('setInterval(() => {}, 2 ** 30)', { eval: true });
    worker.unref();
    kept.push(worker);
  }
}
