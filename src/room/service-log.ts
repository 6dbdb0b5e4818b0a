import { Socket } from 'node:net';
import { drain } from './drain.js';
import { printable } from './printable.js';
import type { Lender } from './stdio.js';
import { Tail } from './tail.js';

/** The end of what a service has said. */
export interface ServiceLog {
  /** At most the last 64 KiB. */
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes that were said in all: what is beyond the 64 KiB was read and thrown away. */
  readonly total: { readonly stdout: number; readonly stderr: number };
}

/** Of each stream. */
export const keptBytes = 64 * 1024;

/** Of each stream, in an error. */
const shownLines = 10;
const shownCharacters = 200;

/**
 * Reads one stream of a service for as long as somebody may write to it: a service never waits for a reader, and its output does
 * not keep this process alive.
 */
class LogStream extends Socket {
  readonly tail = new Tail(keptBytes);
  readonly #fd: number;

  constructor(fd: number) {
    super({ fd, readable: true, writable: false });
    this.#fd = fd;
    this.on('data', (chunk: Buffer) => this.tail.push(chunk));
    // Whatever it is, it is the end of the log.
    this.on('error', () => {});
    this.unref();
  }

  /** Takes what is there now. */
  catchUp(): void {
    if (this.destroyed) return;
    for (const chunk of drain(this.#fd).chunks) this.tail.push(chunk);
  }
}

/** stdout and stderr of one service. */
export class ServiceOutput {
  readonly #streams: readonly [stdout: LogStream, stderr: LogStream];

  constructor({ stdout, stderr }: { readonly stdout: number; readonly stderr: number }, lender: Lender) {
    const read = (fd: number): LogStream => {
      lender.own(fd);
      return new LogStream(fd);
    };
    this.#streams = [read(stdout), read(stderr)];
  }

  log(): ServiceLog {
    for (const stream of this.#streams) stream.catchUp();
    const [stdout, stderr] = this.#streams.map(({ tail }) => tail) as [Tail, Tail];
    return Object.freeze({
      stdout: stdout.bytes().toString(),
      stderr: stderr.bytes().toString(),
      total: Object.freeze({ stdout: stdout.total, stderr: stderr.total }),
    });
  }

  /** The last lines of both, for an error: as a terminal may have them. */
  lastLines(): string[] {
    for (const stream of this.#streams) stream.catchUp();
    return this.#streams.flatMap(({ tail }) =>
      tail
        .bytes()
        .toString()
        .split('\n')
        .filter((line) => line.trim() !== '')
        .slice(-shownLines)
        .map((line) => printable(line.trimEnd().slice(0, shownCharacters))),
    );
  }

  /** The room is gone: what is in the pipes is all that will come, whoever else may have got hold of them. */
  end(): void {
    for (const stream of this.#streams) {
      stream.catchUp();
      stream.destroy();
    }
  }
}
