import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { SpecTypeError } from '../errors.js';
import { buildFailure, systemFailure, toolFailure } from './build-failure.js';
import { recogniseForeign } from './foreign-format.js';
import type { Leftovers } from './leftovers.js';
import { requireTool, runTool, type ToolName } from './tool.js';

/** How the bytes of a tar are wrapped. */
type Wrapping = 'plain' | 'gzip' | 'zstd' | 'xz';

/** A stream whose first bytes were looked at. */
export interface OpenedTar {
  readonly wrapping: Wrapping;
  /** All bytes, the first ones included. To be read once. */
  readonly bytes: AsyncGenerator<Buffer, void, undefined>;
}

/**
 * Looks at the first bytes of a stream to tell what it is.
 *
 * @throws RoomError ERR_ROOM_PLANK_BUILD when it is empty or no tar; SpecTypeError for a stream of other things than bytes.
 */
export async function openTar(source: Readable): Promise<OpenedTar> {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<unknown>;
  const read = async () => {
    const next = await iterator.next().catch((cause: unknown) => {
      throw systemFailure(cause, 'the source cannot be read', { step: 'plank.source' });
    });
    return next.done === true ? null : bytesOf(next.value);
  };
  const pieces: Buffer[] = [];
  let length = 0;
  while (length < 512) {
    const piece = await read();
    if (piece === null) break;
    pieces.push(piece);
    length += piece.length;
  }
  const head = Buffer.concat(pieces);
  const wrapping = wrappingOf(head);

  async function* bytes(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield head;
      for (let piece = await read(); piece !== null; piece = await read()) yield piece;
    } finally {
      await iterator.return?.();
    }
  }
  return { wrapping, bytes: bytes() };
}

/**
 * Feeds the unwrapped bytes of a tar through `stages` and waits for all of it.
 *
 * @throws RoomError ERR_ROOM_PLANK_BUILD for damaged or truncated data or a missing program; the reason of the signal.
 */
export async function pumpTar(
  { wrapping, bytes }: OpenedTar,
  stages: readonly [NodeJS.ReadWriteStream, NodeJS.WritableStream],
  { signal, leftovers }: { readonly signal: AbortSignal | undefined; readonly leftovers: Leftovers },
): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  if (wrapping === 'plain') return pipeline(bytes, ...stages, options);
  if (wrapping === 'gzip') {
    return pipeline(bytes, createGunzip(), ...stages, options).catch((error: unknown) => {
      if (!String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error;
      throw buildFailure(`the gzip data of the tar is damaged or truncated: ${(error as Error).message}`, {
        step: 'plank.unpack',
        cause: error,
      });
    });
  }
  return pumpThroughTool(wrapping, bytes, stages, options, leftovers);
}

async function pumpThroughTool(
  tool: ToolName,
  bytes: AsyncGenerator<Buffer, void, undefined>,
  stages: readonly [NodeJS.ReadWriteStream, NodeJS.WritableStream],
  options: { signal?: AbortSignal },
  leftovers: Leftovers,
): Promise<void> {
  const path = await requireTool(tool);
  let input: Promise<void> = Promise.resolve();
  let output: Promise<void> = Promise.resolve();
  const run = runTool({
    path,
    args: ['--decompress', '--stdout'],
    leftovers,
    ...options,
    onInput: (stdin) => {
      input = pipeline(bytes, stdin, options);
    },
    onStream: (stdout) => {
      output = pipeline(stdout, ...stages, options);
    },
  });
  const [ran, put, got] = await Promise.allSettled([run, input, output]);
  options.signal?.throwIfAborted();
  // A source that fails ends the decompressor, and a decompressor that fails ends both pipes: the first cause is said.
  if (put.status === 'rejected' && !isBrokenPipe(put.reason)) throw put.reason;
  if (ran.status === 'rejected') throw ran.reason;
  if (!ran.value.ok && ran.value.how.startsWith('exited'))
    throw toolFailure(tool, ran.value, 'plank.unpack', 'standard input');
  if (got.status === 'rejected') throw got.reason;
}

function wrappingOf(head: Buffer): Wrapping {
  const start = head.toString('latin1', 0, 6);
  if (start.startsWith('\x1f\x8b')) return 'gzip';
  if (start.startsWith('\x28\xb5\x2f\xfd')) return 'zstd';
  if (start === '\xfd7zXZ\0') return 'xz';
  if (head.toString('latin1', 257, 262) === 'ustar') return 'plain';
  const refusal = (what: string, hint: string) =>
    buildFailure(`the source is no tar: it ${what}`, { step: 'plank.unpack', hint });
  if (head.length === 0)
    throw refusal('is empty', 'a tar ends with two records of zeroes, even if nothing is in it');
  if (start.startsWith('hsqs')) throw refusal('looks like a squashfs image', 'it may be a plank already');
  const foreign = recogniseForeign(head);
  if (foreign !== null) throw refusal(`looks like ${foreign.is}`, foreign.hint);
  // A tar of before 1988, or none: the headers will say.
  return 'plain';
}

function bytesOf(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new SpecTypeError('ERR_ROOM_SPEC_TYPE', 'source', 'must be a stream of bytes, without an encoding');
}

/** True for the error of writing to a program that has ended: what it said before is the reason. */
export function isBrokenPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
