import { Anchor, type AnchorOptions, type Pool } from '../../src/index.js';
import { Random } from '../fuzz/random.js';
import type { End } from './ends.js';
import { Pace } from './pace.js';
import { chooseKind, chooseRoom, chooseUse, specOf, type Means, type RoomChoice } from './room-choice.js';
import { tryRoom, type Ask, type Witness } from './room-trial.js';
import { taking } from './waiting-trials.js';

/** What a program or thread is told that is to make rooms until it is no more. */
export interface ChurnOrder {
  readonly anchor: AnchorOptions;
  readonly means: Means;
  /** Rooms that live when it says so. */
  readonly rooms: number;
  readonly seed: number;
  /** Whether it is a thread of somebody else, whose process goes on. */
  readonly thread: boolean;
}

/** Tells of each room that is asked for, and of the moment when the first ones live. Never resolves. */
export async function churn(order: ChurnOrder, tell: (what: 'room' | 'ready') => void): Promise<void> {
  const random = new Random(order.seed);
  const anchor = await Anchor.open(order.anchor);
  const complain = (text: string): never => {
    throw new Error(text);
  };
  const witness: Witness = { complain, pace: new Pace() };
  const spawn =
    ({ spec }: RoomChoice): Ask =>
    (options) =>
      anchor.spawn(spec, options);
  const make = (choice: RoomChoice, ask = spawn(choice)): Promise<unknown> => {
    tell('room');
    return tryRoom(ask, choice, witness);
  };
  const choose = (end?: End): RoomChoice => tame(chooseRoom(random, order.means, end), order.thread);
  const living = Array.from({ length: order.rooms }, () => choose({ kind: 'owner' }));
  let started = 0;
  await new Promise<void>((resolve) => {
    anchor.on('started', () => void (++started === living.length && resolve()));
    for (const choice of living) void make(choice);
  });
  tell('ready');
  const again = async (): Promise<void> => {
    for (;;) await make(choose());
  };
  const kind = { ...chooseKind(random, order.means), terminal: false };
  const pool: Pool = anchor.pool(specOf(kind, order.means), { size: 1 + random.below(4) });
  const takeAgain = async (): Promise<void> => {
    for (;;) {
      const choice = tame(chooseUse(random, kind, order.means), order.thread);
      await make(choice, (options) => pool.take({ ...taking(choice), ...options }));
    }
  };
  await Promise.all([again(), again(), takeAgain()]);
}

/** Node leaks an fd that one of its threads is just opening or taking over when it is terminated, so there rooms have none. */
function tame(choice: RoomChoice, thread: boolean): RoomChoice {
  if (!thread) return choice;
  return { ...choice, files: false, execs: [], spec: { ...choice.spec, stdio: 'ignore' } };
}
