/**
 * The program whose system calls `bench:check` counts: rooms one after another, each begun by a word in the trace.
 *
 * usage: strace -f -y … node subject.js PLANK ROOMS
 */
import { openSync, writeSync } from 'node:fs';
import { Anchor } from '../../src/index.js';
import { roomMark } from './trace.js';

const [plank = '', rooms = '1'] = process.argv.slice(2);
const anchor = await Anchor.open();
await anchor.ready();
const trace = openSync('/dev/null', 'w');
for (let number = 0; number <= Number(rooms); number++) {
  writeSync(trace, roomMark);
  if (number === Number(rooms)) break;
  const room = await anchor.spawn({ plank, command: ['/bin/tiny'], stdio: ['ignore', 'pipe', 'ignore'] });
  room.stdout?.resume();
  await room.exited;
  await room[Symbol.asyncDispose]();
  await anchor.ready();
}
await anchor.close();
