import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SpecRangeError } from './errors.js';
import type { Abortable } from './abort.js';
import type { Outcome } from './room/outcome.js';
import type { Room } from './room/room.js';

/** How `anchor.run()` feeds and captures a room. */
export interface RunOptions extends Abortable {
  /** What the command reads from standard input; it then ends. Default: nothing. */
  input?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
  /** How much of each stream is kept; the rest is read and thrown away. Default 16 MiB. */
  maxBytes?: number;
  /** Default `utf8`. `buffer`: bytes as they came. */
  encoding?: BufferEncoding | 'buffer';
}

/** What `anchor.run()` resolves to. A program's exit code never makes it reject. */
export interface RunResult<Output = string> {
  /** Empty where `stdio` of the spec is no pipe. With a pty, all that the terminal showed. */
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether a stream had more than `maxBytes`. */
  readonly truncated: { readonly stdout: boolean; readonly stderr: boolean };
  readonly outcome: Outcome;
  /** The room, which has ended: for its `granted`, `timings` and `id`. */
  readonly room: Room;
}

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

/** Throws a RangeError for options that make no sense, before a room is made. */
export function checkRunOptions({ maxBytes }: RunOptions): void {
  if (maxBytes === undefined || (Number.isInteger(maxBytes) && maxBytes >= 0)) return;
  throw new SpecRangeError(
    'ERR_ROOM_SPEC_VALUE',
    'maxBytes',
    `expected a whole number, got ${String(maxBytes)}`,
  );
}

/** Feeds a room that has just started, and collects what it says until it ends. */
export async function capture(room: Room, options: RunOptions): Promise<RunResult<string | Buffer>> {
  const { maxBytes = DEFAULT_MAX_BYTES, encoding = 'utf8', input } = options;
  const collected = Promise.all([collect(room.stdout, maxBytes), collect(room.stderr, maxBytes)]);
  const fed = feed(room.stdin, input);
  try {
    const [[stdout, stderr], outcome] = await Promise.all([collected, room.exited, fed]);
    const shape = (bytes: Buffer): string | Buffer =>
      encoding === 'buffer' ? bytes : bytes.toString(encoding);
    return {
      stdout: shape(stdout.bytes),
      stderr: shape(stderr.bytes),
      truncated: { stdout: stdout.truncated, stderr: stderr.truncated },
      outcome,
      room,
    };
  } catch (error) {
    // The caller's input failed: nobody is left to wait for the room.
    await room.destroy();
    throw error;
  }
}

async function collect(
  stream: Readable | null,
  maxBytes: number,
): Promise<{ bytes: Buffer; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of (stream ?? []) as AsyncIterable<Buffer>) {
    if (total < maxBytes) chunks.push(chunk.subarray(0, maxBytes - total));
    total += chunk.length;
  }
  return { bytes: Buffer.concat(chunks), truncated: total > maxBytes };
}

async function feed(stdin: Writable | null, input: RunOptions['input']): Promise<void> {
  if (stdin === null) return;
  if (input === undefined || typeof input === 'string' || input instanceof Uint8Array) {
    stdin.end(input);
    return;
  }
  try {
    await pipeline(input, stdin);
  } catch (error) {
    // The command need not read all of it.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPIPE' && code !== 'ECONNRESET' && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
