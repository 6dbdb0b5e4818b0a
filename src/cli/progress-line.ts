import type { WriteStream } from 'node:tty';

/** One line of a terminal that is written again and again, and is gone at the end. Nothing where there is no terminal. */
export class ProgressLine {
  readonly #stream: Pick<WriteStream, 'isTTY' | 'write'> | null;
  #shown = '';

  constructor(stream: Pick<WriteStream, 'isTTY' | 'write'>, wanted = true) {
    this.#stream = wanted && stream.isTTY ? stream : null;
  }

  show(text: string): void {
    if (this.#stream === null || text === this.#shown) return;
    this.#shown = text;
    this.#stream.write(`\r${text}\x1b[K`);
  }

  clear(): void {
    if (this.#shown !== '') this.#stream?.write('\r\x1b[K');
    this.#shown = '';
  }
}
