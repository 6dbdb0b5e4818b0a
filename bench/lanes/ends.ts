/**
 * A lane that ends rooms: how long from the call to the exit event, and until nothing is left?
 *
 * usage: node ends.js PLANK
 */
import { once } from 'node:events';
import { Anchor } from '../../src/index.js';
import { microseconds, serveLane } from './serve.js';

export interface EndRequest {
  /** Made by the program in the writable layer before. */
  readonly files: number;
  /** `kill`: SIGKILL for the command; `destroy`: for the room. */
  readonly how: 'kill' | 'destroy';
}

/** Microseconds since the call. */
export interface End {
  readonly exited: number;
  readonly removed: number;
}

const plank = process.argv[2] ?? '';

async function end(anchor: Anchor, { files, how }: EndRequest): Promise<End> {
  const room = await anchor.spawn({
    plank,
    command: ['/bin/idle', String(files)],
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [word] = (await once(room.stdout!, 'data')) as [Buffer];
  if (word.toString() !== '.') throw new Error(`the room could not make ${files} files`);
  const begin = performance.now();
  if (how === 'kill') room.kill('SIGKILL');
  else room.destroy().catch(() => undefined); // `removed` has the same error
  await room.exited;
  const exited = performance.now();
  const left = await room.removed;
  const removed = performance.now();
  if (left !== null) throw left;
  await anchor.ready();
  return { exited: microseconds(begin, exited), removed: microseconds(begin, removed) };
}

await serveLane(async () => {
  const anchor = await Anchor.open();
  await anchor.ready();
  return {
    answer: (line) => end(anchor, JSON.parse(line) as EndRequest),
    close: () => anchor.close(),
  };
});
