/**
 * A lane that keeps rooms alive: how fast is one more, what do they take, how long until all are gone?
 *
 * usage: node live.js PLANK
 */
import { readdirSync } from 'node:fs';
import { Anchor, type Room } from '../../src/index.js';
import { type KernelMemory, readKernelMemory } from './memory.js';
import type { Sample } from './protocol.js';
import { microseconds, serveLane } from './serve.js';

export type LiveRequest =
  /** Starts rooms until so many live. */
  | { readonly live: number }
  /** Starts one more, which says something and goes. */
  | { readonly one: true }
  /** What there is now. */
  | { readonly look: true }
  /** Destroys all at once. */
  | { readonly destroy: true };

export interface Looked {
  readonly live: number;
  readonly kernel: KernelMemory;
  /** Resident memory of this process, in bytes. */
  readonly resident: number;
  readonly fds: number;
}

/** Milliseconds since the first `destroy()`. */
export interface Destroyed {
  readonly rooms: number;
  /** The last exit event was here. */
  readonly exited: number;
  /** Nothing of any of them was left. */
  readonly removed: number;
}

/** How many are started at the same time while their number grows. */
const breadth = 8;

const plank = process.argv[2] ?? '';

await serveLane(async () => {
  const anchor = await Anchor.open();
  await anchor.ready();
  const rooms: Room[] = [];

  async function grow(live: number): Promise<object> {
    let missing = live - rooms.length;
    const slot = async (): Promise<void> => {
      while (missing-- > 0) rooms.push(await idleRoom(anchor));
    };
    await Promise.all(Array.from({ length: breadth }, slot));
    await anchor.ready();
    return { live: rooms.length };
  }

  async function destroy(): Promise<Destroyed> {
    const all = rooms.splice(0);
    const begin = performance.now();
    const removals = all.map((room) => room.destroy());
    await Promise.all(all.map((room) => room.exited));
    const exited = performance.now() - begin;
    await Promise.all(removals);
    const removed = performance.now() - begin;
    await anchor.ready();
    return { rooms: all.length, exited, removed };
  }

  await one(anchor);
  return {
    answer: (line) => {
      const request = JSON.parse(line) as LiveRequest;
      if ('live' in request) return grow(request.live);
      if ('one' in request) return one(anchor);
      if ('look' in request) return look(rooms.length);
      return destroy();
    },
    close: () => anchor.close(),
  };
});

/** A room with one process that waits, and no stream of its own in this process. */
async function idleRoom(anchor: Anchor): Promise<Room> {
  return anchor.spawn({ plank, command: ['/bin/idle'], stdio: ['ignore', 'ignore', 'ignore'] });
}

async function one(anchor: Anchor): Promise<Sample> {
  const start = performance.now();
  const room = await anchor.spawn({ plank, command: ['/bin/tiny'], stdio: ['ignore', 'pipe', 'ignore'] });
  let first = NaN;
  room.stdout?.once('data', () => (first = performance.now()));
  const outcome = await room.exited;
  const exit = performance.now();
  await room[Symbol.asyncDispose]();
  await anchor.ready();
  if (outcome.exitCode !== 0) throw new Error(`the room ended with ${outcome.reason}`);
  return { first: microseconds(start, first), exit: microseconds(start, exit) };
}

async function look(live: number): Promise<Looked> {
  return {
    live,
    kernel: await readKernelMemory(),
    resident: process.memoryUsage.rss(),
    fds: readdirSync('/proc/self/fd').length,
  };
}
