import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { Readable, type Duplex } from 'node:stream';
import type { ProcessPlan } from '../../types/plan.js';
import type { Launcher } from '../addon/native-anchor.js';
import { drain } from './drain.js';
import { EarlyOutput } from './early-output.js';
import { endedTerminal, PtyStream } from './pty-stream.js';

/** The parent's ends, as native code hands them over; -1 where there is none. With a pty only stdin is set: the master. */
export interface StdioFds {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

/**
 * Who the fds are from. Each is told of when it is taken over, or closed there: what neither was done to is closed with
 * the environment, and Node warns of an fd that it closes without having opened it.
 */
export type Lender = Pick<Launcher, 'own' | 'discard'>;

/** A stream of stdio: a socket on a pipe, or a terminal. */
type StdioStream = (Readable | Writable | Duplex) & { ref?(): unknown; unref?(): unknown };

/**
 * stdin, stdout and stderr of one process in a room. A stream is made when somebody first asks for it, because that
 * costs more than all else that happens on the JavaScript thread. Only for stdout, which nearly everybody asks for, it
 * is made while this thread has nothing to do but wait for the process.
 */
export class Stdio {
  readonly #fds: { stdin: number; stdout: number; stderr: number };
  readonly #pty: boolean;
  #stdin: (Writable & StdioStream) | null = null;
  #stdout: (Readable & StdioStream) | null = null;
  #stderr: (Readable & StdioStream) | null = null;
  #terminal: PtyStream | null = null;
  /** stdout before somebody asked for it. */
  #early: EarlyOutput | null = null;
  /** What a terminal that nobody asked for had shown when its process ended. */
  #shown: Duplex | null = null;
  readonly #lender: Lender;
  #ref = true;
  #settled = false;
  #ended = false;

  constructor(fds: StdioFds, pty: boolean, lender: Lender) {
    this.#fds = { ...fds };
    this.#pty = pty;
    this.#lender = lender;
  }

  /** The master of the pseudo-terminal while it is open, or -1. */
  get master(): number {
    return this.#pty && !this.#ended && this.#terminal?.open !== false ? this.#fds.stdin : -1;
  }

  get stdin(): Writable | null {
    if (this.#pty) return this.#openTerminal() ?? this.#shown;
    const fd = this.#take('stdin');
    if (fd >= 0) {
      this.#stdin = this.#tune(this.#socket(fd, { readable: false, writable: true }));
      // A room that stops reading must not crash its owner: the error still reaches write callbacks and listeners.
      this.#stdin.on('error', () => {});
    }
    return this.#stdin;
  }

  get stdout(): Readable | null {
    if (this.#pty) return this.#openTerminal() ?? this.#shown;
    const fd = this.#take('stdout');
    if (fd >= 0) {
      this.#stdout = this.#tune(
        this.#early?.release() ?? this.#socket(fd, { readable: true, writable: false }),
      );
      this.#early = null;
    }
    return this.#stdout;
  }

  get stderr(): Readable | null {
    if (this.#pty) return null;
    const fd = this.#take('stderr');
    if (fd >= 0) this.#stderr = this.#tune(this.#socket(fd, { readable: true, writable: false }));
    return this.#stderr;
  }

  /** Makes what will most likely be asked for. `heard`: the process has said something there, or never will. */
  prepare(heard: () => void): void {
    const fd = this.#fds.stdout;
    if (this.#pty || fd < 0) return;
    this.#lender.own(fd);
    this.#early = new EarlyOutput(fd, heard);
  }

  /** Whether the event loop stays alive for streams that are open or will be. */
  setRef(ref: boolean): void {
    this.#ref = ref;
    for (const stream of this.#streams()) this.#tune(stream);
  }

  /**
   * The process is gone. Fds that nobody asked for are closed, so that none outlives what it belonged to; what is left in
   * a pipe is kept for whoever asks later. `alone`: others, whom the process left behind, may still write.
   */
  settle(alone: boolean): void {
    this.#ended = true;
    if (this.#pty && this.#terminal !== null) return;
    const stdin = this.#take('stdin');
    if (this.#pty && stdin >= 0) this.#shown = endedTerminal(drain(stdin).chunks);
    if (stdin >= 0) this.#lender.discard(stdin);
    this.#settled = true;
    if (this.#pty) return;
    this.#stdin?.destroy();
    this.#stdout ??= this.#settleOutput('stdout', alone);
    this.#stderr ??= this.#settleOutput('stderr', alone);
  }

  /** Throws away what nobody is reading. A stream that flows comes to its end by itself: the writers are dead. */
  discard(): void {
    this.settle(true);
    for (const stream of this.#streams()) {
      if (!(stream instanceof Readable) || stream.readableFlowing !== true) stream.destroy();
    }
  }

  #settleOutput(name: 'stdout' | 'stderr', alone: boolean): (Readable & StdioStream) | null {
    const fd = this.#take(name);
    if (fd < 0) return null;
    const early = name === 'stdout' ? this.#early : null;
    if (early !== null) return this.#settleEarly(fd, early, alone);
    if (!alone) return this.#tune(keepWhatIsThere(fd, this.#lender));
    const rest = drain(fd);
    this.#lender.discard(fd);
    return Readable.from(rest.chunks, { objectMode: false });
  }

  #settleEarly(fd: number, early: EarlyOutput, alone: boolean): Readable & StdioStream {
    this.#early = null;
    const before = early.soFar();
    const { chunks, ended } = drain(fd);
    const all = [...before, ...chunks];
    if (!ended && !alone) return this.#tune(withFirst(early.release(), all));
    early.destroy();
    return Readable.from(all, { objectMode: false });
  }

  #openTerminal(): PtyStream | null {
    if (this.#terminal === null && !this.#settled) {
      this.#lender.own(this.#fds.stdin);
      this.#terminal = this.#tune(new PtyStream(this.#fds.stdin));
    }
    return this.#terminal;
  }

  #socket(fd: number, direction: { readable: boolean; writable: boolean }): Socket {
    this.#lender.own(fd);
    return new Socket({ fd, ...direction });
  }

  /** The fd, once. */
  #take(name: keyof StdioFds): number {
    const fd = this.#fds[name];
    this.#fds[name] = -1;
    return fd;
  }

  #streams(): StdioStream[] {
    return [this.#stdin, this.#stdout, this.#stderr, this.#terminal].filter((stream) => stream !== null);
  }

  #tune<S extends StdioStream>(stream: S): S {
    if (this.#ref) stream.ref?.();
    else stream.unref?.();
    return stream;
  }
}

/** The streams of a process that native code has just started; `heard` as in `prepare()`. */
export function stdioOf(fds: StdioFds, plan: ProcessPlan, launcher: Lender, heard: () => void): Stdio {
  const stdio = new Stdio(fds, plan.stdio.kind === 'pty', launcher);
  stdio.prepare(heard);
  return stdio;
}

/** For a pipe that may still have writers: its content if they are gone, else a stream that goes on with it. */
function keepWhatIsThere(fd: number, lender: Lender): Readable & StdioStream {
  lender.own(fd);
  // Making a socket of it makes it non-blocking, too.
  const socket = new Socket({ fd, readable: true, writable: false });
  const { chunks, ended } = drain(fd);
  if (ended) {
    socket.destroy();
    return Readable.from(chunks, { objectMode: false });
  }
  return withFirst(socket, chunks);
}

function withFirst(socket: Socket, chunks: Buffer[]): Socket {
  for (const chunk of chunks.reverse()) socket.unshift(chunk);
  return socket;
}
