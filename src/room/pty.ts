import { RoomError, SpecRangeError } from '../errors.js';
import type { Launcher } from '../addon/native-anchor.js';
import type { Stdio } from './stdio.js';

/** struct winsize holds 16 bits of each; see ioctl_tty(2). */
const LARGEST = 65_535;

/** The pseudo-terminal of a room or process that was started with `stdio: { pty: … }`. */
export class Pty {
  readonly #launcher: Launcher;
  readonly #stdio: Stdio;

  /** @internal */
  constructor(launcher: Launcher, stdio: Stdio) {
    this.#launcher = launcher;
    this.#stdio = stdio;
  }

  /** Tells the programs in it that the terminal has another size now (SIGWINCH). 1 to 65535 each. */
  resize(columns: number, rows: number): void {
    requireSize(columns, 'columns');
    requireSize(rows, 'rows');
    const { master } = this.#stdio;
    if (master < 0) throw new RoomError('ERR_ROOM_ENDED', 'the terminal is closed');
    this.#launcher.resize(master, columns, rows);
  }
}

function requireSize(value: number, field: string): void {
  if (Number.isInteger(value) && value >= 1 && value <= LARGEST) return;
  throw new SpecRangeError(
    'ERR_ROOM_SPEC_VALUE',
    field,
    `expected an integer from 1 to ${LARGEST}, got ${value}`,
  );
}
