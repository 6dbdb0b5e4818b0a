import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Room } from '../index.js';
import { RawTerminal, terminalSize } from './terminal.js';

/** Carries bytes between the streams of a room and ours, where the room has pipes or a terminal. Resolves when all output is out. */
export async function carryStreams(room: Room, typing: boolean): Promise<void> {
  const { pty } = room;
  await (pty === null ? carryPipes(room) : carryTerminal(room, pty, typing));
}

async function carryPipes({ stdin, stdout, stderr }: Room): Promise<void> {
  const outputs = [carryOutput(stdout, process.stdout), carryOutput(stderr, process.stderr)];
  if (stdin !== null) process.stdin.pipe(stdin);
  try {
    await Promise.all(outputs);
  } finally {
    if (stdin !== null) letGoOfInput();
  }
}

async function carryOutput(from: Readable | null, to: Writable): Promise<void> {
  if (from === null) return;
  from.pipe(to, { end: false });
  // Whether our reader or the room went away first, there is nothing left to carry.
  const gone = (): unknown => from.destroy();
  to.once('error', gone);
  // A terminal is one stream for both directions; only what comes out of it has an end.
  await finished(from, { writable: false }).catch(() => {});
  to.off('error', gone);
}

async function carryTerminal(room: Room, pty: NonNullable<Room['pty']>, typing: boolean): Promise<void> {
  const { stdin, stdout } = room;
  if (stdin === null || stdout === null) return;
  const resize = (): void => {
    const size = terminalSize();
    if (size === null || room.state !== 'running') return;
    try {
      pty.resize(size.columns, size.rows);
    } catch {
      // It ended a moment ago.
    }
  };
  const terminals = [process.stdout, process.stderr].filter((stream) => stream.isTTY);
  const raw = typing ? new RawTerminal(process.stdin) : null;
  const hangUp = (): unknown => stdin.destroy();
  for (const terminal of terminals) terminal.on('resize', resize);
  // The size may have changed while the room was made.
  resize();
  if (typing) {
    process.stdin.pipe(stdin, { end: false });
    // In raw mode there is no end of input: the terminal itself is gone.
    process.stdin.once('end', hangUp).once('error', hangUp);
  }
  try {
    await carryOutput(stdout, process.stdout);
  } finally {
    stdin.destroy();
    raw?.restore();
    for (const terminal of terminals) terminal.off('resize', resize);
    if (typing) letGoOfInput();
  }
}

/** Nobody reads it any more, and an open terminal or pipe must not keep this process alive. */
function letGoOfInput(): void {
  process.stdin.unpipe();
  process.stdin.removeAllListeners('end');
  process.stdin.pause();
  process.stdin.destroy();
}
