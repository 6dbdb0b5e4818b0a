import { copyFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext, TestFn } from 'ava';
import type { ExecOptions, Room } from '../../src/index.js';
import { useRooms, type Rooms } from '../helpers/room.js';
import { compatPlank } from './planks/planks.js';
import type { PlankName } from './planks/recipes.js';

/** `useRooms` with a plank of Debian packages. */
export function usePrograms(test: TestFn, name: PlankName = 'programs'): Rooms {
  return useRooms(test, {}, async (directory) => {
    const plank = compatPlank(name);
    const own = join(directory, `${name}.sqsh`);
    // A name of its own is enough to tell its loop devices from those of others; a copy is hundreds of MB.
    await link(plank, own).catch(() => copyFile(plank, own));
    return own;
  });
}

/** What a command says on stdout in a room that lives; the test fails when it does not exit with 0. */
export async function said(
  t: ExecutionContext,
  room: Room,
  command: readonly string[],
  options?: ExecOptions,
): Promise<string> {
  const process = await room.exec(command, options);
  process.stdin?.end();
  const [stdout, stderr, outcome] = await Promise.all([
    text(process.stdout),
    text(process.stderr),
    process.exited,
  ]);
  t.is(outcome.exitCode, 0, `${command.join(' ')}: ${outcome.reason} ${stderr}`);
  return stdout.trimEnd();
}

async function text(stream: NodeJS.ReadableStream | null): Promise<string> {
  let all = '';
  for await (const chunk of stream ?? []) all += String(chunk);
  return all;
}
