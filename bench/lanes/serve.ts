import { createInterface } from 'node:readline';
import { layBallast } from './ballast.js';
import { type LoadRequest, closedLoop, isLoadRequest, openLoop } from './load.js';
import { type LaneMessage, type Sample, oneRoom } from './protocol.js';

/** A lane from the side of its own process. */
export interface Lane {
  /** One line of stdin in, one line of stdout out. */
  answer(request: string): Promise<object>;
  close?(): Promise<void>;
}

/** Something that starts rooms, one for each call. */
export interface Starter {
  /** Starts one room and resolves when nothing of it is left, so that lanes do not work into each other's time. */
  start(): Promise<Sample>;
  /** Resolves when the next room can be as fast as any: what is made ahead is made now, not while another lane is measured. */
  rested?(): Promise<void>;
  close?(): Promise<void>;
}

/** Runs a lane in this process until stdin ends. */
export async function serveLane(open: () => Promise<Lane>): Promise<void> {
  process.stdout.on('error', () => undefined); // the bench is gone: stdin ends too, and then this lane does, in order
  let lane: Lane | undefined;
  try {
    layBallast(process.env['BENCH_BALLAST']); // what the bench wants this program to have beside its rooms
    lane = await open();
    say({ ready: true });
    for await (const request of createInterface({ input: process.stdin })) {
      write(await lane.answer(request));
    }
  } catch (error) {
    say({ failed: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  } finally {
    await lane?.close?.();
  }
}

/** The lane of a starter: single rooms, or many of them at once. */
export function serveStarter(open: () => Promise<Starter>): Promise<void> {
  return serveLane(async () => {
    const starter = await open();
    const one = async (): Promise<Sample> => {
      const sample = await starter.start();
      await starter.rested?.();
      return sample;
    };
    const many = async (request: LoadRequest): Promise<object> => {
      const start = () => starter.start();
      const load = await ('inFlight' in request ? closedLoop(start, request) : openLoop(start, request));
      await starter.rested?.();
      return load;
    };
    try {
      await one();
    } catch (error) {
      await starter.close?.();
      throw error;
    }
    return {
      answer: (line) => {
        if (line === oneRoom) return one();
        const request: unknown = JSON.parse(line);
        if (!isLoadRequest(request)) throw new TypeError(`a lane cannot answer ${line}`);
        return many(request);
      },
      close: async () => starter.close?.(),
    };
  });
}

/** Microseconds between two readings of `performance.now()`. */
export function microseconds(from: number, to: number): number {
  return Math.round((to - from) * 10_000) / 10;
}

function say(message: LaneMessage): void {
  write(message);
}

function write(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
