import { Anchor, type RoomError } from '../../src/index.js';
import type { Random } from '../fuzz/random.js';
import { nameOf } from './ends.js';
import { microseconds } from './moments.js';
import { chooseAnchor, type Note } from './owner-trials.js';
import { chooseKind, chooseUse, specOf, type Means, type RoomChoice } from './room-choice.js';
import { tryRoom, type Fate, type Witness } from './room-trial.js';

/** How a room was asked for, and what it was made from. */
export type NoteWay = (way: string, fate: Fate) => void;

/** What a pool may be told about a room that it has put together. */
export function taking({ spec: { command, stdio, lifetime } }: RoomChoice): object {
  return { command, stdio, ...(lifetime === undefined ? {} : { lifetime }) };
}

/** Rooms of a pool: more at once than wait, and a pool that is closed while they are asked for and others are made. */
export async function tryPool(
  random: Random,
  anchor: Anchor,
  means: Means,
  note: Note,
  noteWay: NoteWay,
  witness: Witness,
): Promise<number> {
  const kind = chooseKind(random, means);
  const refill = random.pick(['eager', 'idle'] as const);
  const pool = anchor.pool(specOf(kind, means), { size: 1 + random.below(4), refill });
  if (random.chance(2)) await pool.ready();
  const choices = Array.from({ length: 1 + random.below(8) }, () => chooseUse(random, kind, means));
  const all = choices.map(async (choice) => {
    const fate = await tryRoom((options) => pool.take({ ...taking(choice), ...options }), choice, witness);
    note(nameOf(choice.end), fate.seen);
    noteWay('pool', fate);
  });
  if (random.chance(2)) await microseconds(random.below(20_000));
  else await Promise.all(all);
  await pool.close();
  await pool.take({ command: ['true'] }).then(
    (room) => {
      witness.complain('a closed pool gave a room');
      return room.destroy();
    },
    (error: unknown) => {
      const { code } = error as Partial<RoomError>;
      if (code !== 'ERR_ROOM_CLOSED') witness.complain(`a closed pool says ${String(error)}`);
    },
  );
  await Promise.all(all);
  return choices.length;
}

/** A spec that comes again and again: its Anchor keeps rooms waiting for it, and closes over some. */
export async function tryAgain(
  random: Random,
  means: Means,
  note: Note,
  noteWay: NoteWay,
  witness: Witness,
): Promise<number> {
  const anchor = await Anchor.open({ ...chooseAnchor(random), reserve: random.pick([2, 4, 8]) });
  const any = chooseKind(random, means);
  // With a mount of the host nothing is put together unasked.
  const kind = { ...any, mounts: any.mounts.filter((mount) => 'tmpfs' in mount) };
  const one = async (choice: RoomChoice): Promise<void> => {
    const fate = await tryRoom((options) => anchor.spawn(choice.spec, options), choice, witness);
    note(nameOf(choice.end), fate.seen);
    noteWay('the same spec', fate);
  };
  const choose = (): RoomChoice => chooseUse(random, kind, means);
  const first = [choose(), choose(), choose()];
  for (const choice of first) await one(choice);
  if (random.chance(2)) await anchor.ready();
  const then = Array.from({ length: 1 + random.below(6) }, choose);
  await Promise.all(then.map(one));
  if (random.chance(2)) await microseconds(random.below(20_000));
  await anchor.close();
  return first.length + then.length;
}
