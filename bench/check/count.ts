import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '../paths.js';
import { findProgram, runProgram } from '../workshop/programs.js';
import type { Workshop } from '../workshop/workshop.js';
import { type CallTable, usualCalls } from './calls.js';
import { readTrace } from './trace.js';

/** Rooms before these do not count: planks are mounted and the reserve is filled. */
const warmup = 5;
const rooms = 40;

/** Starts rooms below strace and counts. */
export async function countCalls(workshop: Workshop): Promise<CallTable> {
  const found = readTrace(await traceRooms(workshop, warmup + rooms));
  if (found.length !== warmup + rooms) throw new Error(`the trace has ${found.length} rooms`);
  return usualCalls(found.slice(warmup));
}

/** What strace writes about so many rooms, one after another. */
export async function traceRooms(
  workshop: Workshop,
  count: number,
  more: readonly string[] = [],
): Promise<string> {
  const strace = await findProgram('strace');
  const trace = join(workshop.scratch, 'trace');
  const subject = [process.execPath, paths.checkSubject, workshop.plank, String(count)];
  await runProgram(strace, ['-f', '-y', '-qq', ...more, '-o', trace, ...subject]);
  return readFile(trace, 'utf8');
}
