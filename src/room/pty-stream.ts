import { write as writeFd } from 'node:fs';
import { Duplex } from 'node:stream';
import { ReadStream } from 'node:tty';
import { drain } from './drain.js';

/** How long to wait before writing again to a terminal whose reader is behind. */
const FIRST_RETRY_MS = 4;
const LAST_RETRY_MS = 64;

type Done = (error?: Error | null) => void;

/**
 * Both directions of a pseudo-terminal, over its master, which has to be non-blocking. Reading goes through libuv's
 * poll. Writing does not: libuv spins on a terminal that takes no more (UV_HANDLE_BLOCKING_WRITES in its
 * src/unix/tty.c), and a room that never reads would hang its owner.
 */
export class PtyStream extends Duplex {
  readonly #master: Master;
  #retry: NodeJS.Timeout | undefined;

  constructor(fd: number) {
    super({ allowHalfOpen: true });
    this.#master = new Master(fd);
    this.#master.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) this.#master.pause();
    });
    // libuv takes the first read after a hang-up that is not full for the end, but a terminal gives 4 KiB at a time.
    this.#master.on('end', () => {
      for (const chunk of drain(fd).chunks) this.push(chunk);
      this.push(null);
    });
    // EIO is how a master says that the last process with the terminal is gone (drivers/tty/tty_io.c).
    this.#master.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EIO') this.push(null);
      else this.destroy(error);
    });
    this.#master.pause();
  }

  override _read(): void {
    this.#master.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#writeAll(chunk, FIRST_RETRY_MS, done);
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#retry);
    this.#master.destroy();
    done(error);
  }

  /** Whether its fd is still that of the terminal. */
  get open(): boolean {
    return !this.#master.destroyed;
  }

  /** Keeps the event loop alive for this terminal; so it is from the start. */
  ref(): this {
    this.#master.ref();
    return this;
  }

  /** Lets the process end although this terminal is open. */
  unref(): this {
    this.#master.unref();
    return this;
  }

  #writeAll(chunk: Buffer, delay: number, done: Done): void {
    this.#master.writeOnce(chunk, (error, written) => {
      if (error?.code === 'EAGAIN') {
        this.#retry = setTimeout(
          () => this.#writeAll(chunk, Math.min(delay * 2, LAST_RETRY_MS), done),
          delay,
        );
      } else if (error !== null || written === chunk.length) {
        // EIO: nobody is left to read, which is no more of an error than a write to /dev/null.
        done(error === null || error.code === 'EIO' ? null : error);
      } else {
        this.#writeAll(chunk.subarray(written), FIRST_RETRY_MS, done);
      }
    });
  }
}

/** A terminal whose last process is gone: what it had shown, and nobody to read what is typed. */
export function endedTerminal(shown: readonly Buffer[]): Duplex {
  const terminal = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  for (const chunk of shown) terminal.push(chunk);
  terminal.push(null);
  return terminal;
}

/** Owns the fd: closes it only when no thread is writing to it, so that its number cannot be somebody else's by then. */
class Master extends ReadStream {
  readonly #fd: number;
  #writing = false;
  #close: (() => void) | undefined;

  constructor(fd: number) {
    super(fd);
    this.#fd = fd;
  }

  /** One write(2) in a thread of the pool; at once nothing when the terminal is closed. */
  writeOnce(chunk: Buffer, done: (error: NodeJS.ErrnoException | null, written: number) => void): void {
    if (this.destroyed) {
      process.nextTick(done, null, chunk.length);
      return;
    }
    this.#writing = true;
    writeFd(this.#fd, chunk, (error, written) => {
      this.#writing = false;
      this.#close?.();
      done(error, written);
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    const close = (): void => void super._destroy(error, done);
    if (this.#writing) this.#close = close;
    else close();
  }
}
