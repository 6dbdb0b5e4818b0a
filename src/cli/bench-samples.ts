import { once } from 'node:events';
import type { Anchor, RoomSpec } from '../index.js';
import { ResultError } from './command-error.js';

/** One room: microseconds from the call of `spawn()`. */
export interface Sample {
  readonly phases: Readonly<Record<string, number>>;
  /** Until the program was executed, as the library measures it. */
  readonly started: number;
  /** Until the first byte of output was here. */
  readonly firstByte: number;
  /** Until it was known how the room had ended. */
  readonly exited: number;
  /** Until nothing of it was left. */
  readonly removed: number;
}

/** Starts one room after another, none beside another. */
export async function takeSamples(
  anchor: Anchor,
  spec: RoomSpec,
  {
    rooms,
    warmup,
    signal,
    onRoom,
  }: {
    readonly rooms: number;
    /** Rooms before these, which do not count: page cache, compiled JavaScript, prepared namespaces. */
    readonly warmup: number;
    readonly signal: AbortSignal;
    readonly onRoom: (done: number) => void;
  },
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let number = -warmup; number < rooms; number += 1) {
    const sample = await takeSample(anchor, spec, signal);
    if (number >= 0) samples.push(sample);
    onRoom(samples.length);
  }
  return samples;
}

async function takeSample(anchor: Anchor, spec: RoomSpec, signal: AbortSignal): Promise<Sample> {
  const begin = performance.now();
  const since = (): number => (performance.now() - begin) * 1000;
  const room = await anchor.spawn({ ...spec, stdio: ['ignore', 'pipe', 'ignore'] }, { signal });
  const ends = Promise.all([
    room.exited.then((outcome) => ({ outcome, exited: since() })),
    room.removed.then(since),
  ]);
  const { stdout } = room;
  let firstByte = NaN;
  if (stdout !== null) {
    stdout.once('data', () => (firstByte = since()));
    await once(stdout, 'close');
  }
  const [{ outcome, exited }, removed] = await ends;
  signal.throwIfAborted();
  if (outcome.reason !== 'exited' || outcome.exitCode !== 0 || Number.isNaN(firstByte)) {
    const how = Number.isNaN(firstByte)
      ? 'wrote nothing'
      : `ended with ${outcome.exitCode ?? outcome.signal ?? outcome.reason}`;
    throw new ResultError(
      `${spec.command.join(' ')} ${how}: only programs that write and return 0 are measured`,
    );
  }
  return { phases: room.timings.phases, started: room.timings.total, firstByte, exited, removed };
}
