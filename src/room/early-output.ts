import { Socket } from 'node:net';

/**
 * Output that is read before anybody asked for it, as far as a stream reads ahead: what a program says at once is here when
 * the news is that it runs. It comes to no end, which whoever asks later could miss, until somebody has asked.
 */
export class EarlyOutput extends Socket {
  #first: (() => void) | null;
  #asked = false;
  #ended = false;

  /** `first` is called once, when the program has said something or nothing will come. */
  constructor(fd: number, first: () => void) {
    super({ fd, readable: true, writable: false });
    this.#first = first;
    this.unref();
  }

  /** Somebody asked for it: from here on it is a stream like any other. */
  release(): this {
    this.#asked = true;
    if (this.#ended) super.push(null);
    return this;
  }

  /** All that was read of it so far. */
  soFar(): Buffer[] {
    const chunk = this.read() as Buffer | null;
    return chunk === null ? [] : [chunk];
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    const ends = chunk === null && !this.#asked;
    this.#ended ||= ends;
    const more = ends ? false : super.push(chunk, encoding);
    const first = this.#first;
    this.#first = null;
    first?.();
    return more;
  }
}
