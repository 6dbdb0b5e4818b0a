import { Anchor, type AnchorOptions } from '../../src/index.js';
import { Random } from '../fuzz/random.js';
import type { End } from './ends.js';
import { chooseRoom, type Means, type RoomChoice } from './room-choice.js';
import { tryRoom } from './room-trial.js';

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
  const make = (choice: RoomChoice): Promise<unknown> => {
    tell('room');
    return tryRoom(anchor, choice, (text) => {
      throw new Error(text);
    });
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
  await Promise.all([again(), again(), again()]);
}

/** Node leaks an fd that one of its threads is just opening or taking over when it is terminated, so there rooms have none. */
function tame(choice: RoomChoice, thread: boolean): RoomChoice {
  if (!thread) return choice;
  return { ...choice, files: false, execs: [], spec: { ...choice.spec, stdio: 'ignore' } };
}
