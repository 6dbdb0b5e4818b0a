import { spawnSync } from 'node:child_process';
import type { ReadStream } from 'node:tty';

/** Raw mode, from the making of this object until `restore()`, or the end of the process by whatever but SIGKILL. */
export class RawTerminal {
  readonly #stream: ReadStream;

  constructor(stream: ReadStream) {
    this.#stream = stream;
    stream.setRawMode(true);
    process.once('exit', this.#leave);
    // libuv's raw mode still turns \n into \r\n on the way out. The terminal of the room has done so already, and where it
    // did not, a full-screen program means \n as "one line down". Without stty(1) the first is harmless, the second ugly.
    spawnSync('stty', ['raw'], { stdio: ['inherit', 'ignore', 'ignore'] });
  }

  restore(): void {
    process.off('exit', this.#leave);
    this.#leave();
  }

  /** Puts back the modes from before, all of them. */
  readonly #leave = (): void => {
    this.#stream.setRawMode(false);
  };
}

/** Size of the terminal that is written to, or null: there is none, or it does not know (0 × 0). */
export function terminalSize(): { columns: number; rows: number } | null {
  for (const { isTTY, columns, rows } of [process.stdout, process.stderr]) {
    if (isTTY && columns > 0 && rows > 0) return { columns, rows };
  }
  return null;
}
