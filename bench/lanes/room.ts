/**
 * The lane of the library itself: one Anchor, one room per request.
 *
 * usage: node room.js PLANK
 */
import { Anchor } from '../../src/index.js';
import { type Sample, microseconds, serveLane } from './protocol.js';

const plank = process.argv[2] ?? '';

/** The same streams as the lanes of commands: only stdout. */
async function measure(anchor: Anchor): Promise<Sample> {
  const start = performance.now();
  const spawning = anchor.spawn({ plank, command: ['/bin/tiny'], stdio: ['ignore', 'pipe', 'ignore'] });
  const called = performance.now();
  const room = await spawning;
  let first = NaN;
  const ended = new Promise<void>((resolve, reject) => {
    room.stdout?.once('data', () => (first = performance.now()));
    room.stdout?.once('error', reject);
    room.stdout?.once('close', resolve);
  });
  let exit = NaN;
  const exited = room.exited.finally(() => (exit = performance.now()));
  const [outcome] = await Promise.all([exited, ended]);
  await room[Symbol.asyncDispose]();
  // The next blank room is made now and not while another lane is measured.
  await anchor.ready();
  if (outcome.exitCode !== 0 || Number.isNaN(first)) {
    throw new Error(`the room ended with ${outcome.reason} (exit code ${outcome.exitCode})`);
  }
  return {
    first: microseconds(start, first),
    exit: microseconds(start, exit),
    call: microseconds(start, called),
  };
}

await serveLane(async () => {
  const anchor = await Anchor.open();
  return {
    measure: () => measure(anchor),
    close: () => anchor[Symbol.asyncDispose](),
  };
});
