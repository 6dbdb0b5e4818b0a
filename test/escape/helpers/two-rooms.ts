import { once } from 'node:events';
import type { ExecutionContext } from 'ava';
import type { Room, RoomProcess, RoomSpec } from '../../../src/index.js';
import type { Rooms } from '../../helpers/room.js';
import { armed } from './hostile-program.js';

/** A room that lives until the test is over, deaf to the signals that others may send it. */
export async function idleRoom(
  t: ExecutionContext,
  rooms: Rooms,
  more: Partial<RoomSpec> = {},
): Promise<Room> {
  return rooms.start(t, 'trap "" USR1; exec sleep 1000', await armed(more));
}

/** All that a process says on stdout. */
export async function said(process: Room | RoomProcess): Promise<string> {
  let text = '';
  for await (const chunk of process.stdout ?? []) text += String(chunk);
  return text.trim();
}

/** What a process says on stdout up to a word and the rest of what came with it, or up to its end. */
export async function saidUntil(process: Room | RoomProcess, word: string): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    const hear = (chunk: Buffer): void => {
      text += chunk.toString();
      if (text.includes(word)) done();
    };
    const done = (): void => {
      process.stdout?.off('data', hear).off('end', done);
      resolve(text.trim());
    };
    process.stdout?.on('data', hear).once('end', done);
  });
}

/** What a process started in a room says on stdout. */
export async function saidBy(room: Room, argv: readonly string[]): Promise<string> {
  return said(await room.exec(argv));
}

/** What became of a meeting. */
export interface Meeting {
  /** What the one who looked says: `met` or `nothing`. */
  readonly looked: string;
  /** How often the one who had left something noticed. */
  readonly noticed: number;
}

/**
 * One process leaves something of a kind (see programs/hostile/channels.c), and another looks for it: from the same room,
 * which shows that there is something to find, or from another one.
 */
export async function meet(
  t: ExecutionContext,
  rooms: Rooms,
  channel: readonly string[],
  other: Room | null,
  more: Partial<RoomSpec> = {},
): Promise<Meeting> {
  const leaver = await rooms.anchor.spawn(rooms.spec(['hostile', 'leave', ...channel], await armed(more)));
  t.teardown(() => leaver.destroy());
  let text = '';
  leaver.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await saidUntil(leaver, 'left');
  const looked = await saidBy(other ?? leaver, ['hostile', 'look', ...channel]);
  // Written by room-init's side of the room, in whose eyes everything before has happened: no waiting for what must not come.
  await leaver.files.write('/tmp/end', '');
  const outcome = await leaver.exited;
  t.is(outcome.exitCode, 0, `${channel.join(' ')}: ${outcome.reason}`);
  if (leaver.stdout?.readableEnded === false) await once(leaver.stdout, 'end');
  const words = text.trim().split('\n');
  t.is(words[0], 'left');
  t.is(words.at(-1), 'end');
  return { looked, noticed: words.filter((word) => word === 'met').length };
}
