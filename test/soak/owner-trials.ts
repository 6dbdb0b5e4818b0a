import { once } from 'node:events';
import { copyFileSync, rmSync } from 'node:fs';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Anchor, type AnchorOptions } from '../../src/index.js';
import type { Random } from '../fuzz/random.js';
import { belongingsOf, remainsOf, settled } from '../helpers/leftovers.js';
import type { ChurnOrder } from './churn.js';
import { microseconds } from './moments.js';
import { chooseRoom, type Means } from './room-choice.js';
import { tryRoom, type Complain, type Seen, type Witness } from './room-trial.js';

/** What came of rooms that ended with whoever had made them. */
export type Note = (end: string, seen: Seen) => void;

export function chooseAnchor(random: Random): AnchorOptions {
  return {
    launchers: 1 + random.below(3),
    reserve: random.pick([0, 0, 2, 8]),
    plankIdle: random.pick(['1ms', '1min']),
  };
}

/** Rooms that are ended by the end of their Anchor, while some of them are being made or when some of them live. */
export async function tryClose(random: Random, means: Means, note: Note, witness: Witness): Promise<number> {
  const anchor = await Anchor.open(chooseAnchor(random));
  if (random.chance(2)) await anchor.ready();
  const rooms = 1 + random.below(8);
  const wanted = random.chance(2) ? 1 + random.below(rooms) : 0;
  let started = 0;
  const living = new Promise<void>((resolve) => {
    anchor.on('started', () => void (++started === wanted && resolve()));
  });
  const all = Array.from({ length: rooms }, () => {
    const choice = chooseRoom(random, means, { kind: 'owner' });
    return tryRoom((options) => anchor.spawn(choice.spec, options), choice, witness);
  });
  // On a busy machine the first room may need longer than all of that.
  if (wanted > 0) await living;
  await microseconds(random.below(20_000));
  await anchor.close();
  for (const { seen } of await Promise.all(all)) note('close', seen);
  return rooms;
}

/** A program of its own that makes rooms is killed; everything that it had must go. */
export async function tryKill(
  random: Random,
  means: Means,
  number: number,
  note: Note,
  complain: Complain,
): Promise<number> {
  // Loop devices are told apart by the name of what is behind them.
  const plank = join(means.directory, `embedder-${number}.sqsh`);
  copyFileSync(means.planks[0] as string, plank);
  const order: ChurnOrder = {
    anchor: chooseAnchor(random),
    means: { ...means, planks: [plank] },
    rooms: 1 + random.below(8),
    seed: random.below(2 ** 31),
    thread: false,
  };
  const early = random.chance(3) ? 40 + random.below(200) : null;
  const child = fork(new URL('embedder.js', import.meta.url), [JSON.stringify(order)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const told = { rooms: 0, ready: false };
  child.on('message', (message) => {
    if (message === 'ready') told.ready = true;
    else told.rooms++;
  });
  if (early === null) await Promise.race([ended, until(() => told.ready)]);
  await sleep(early ?? random.below(30));
  const { pid } = child;
  if (pid === undefined) throw new Error('the embedder could not be started');
  const had = belongingsOf(pid, plank);
  child.kill('SIGKILL');
  const [code, signal] = await ended;
  if (signal !== 'SIGKILL') complain(`an embedder ended with ${code ?? String(signal)} before it was killed`);
  for (const left of await settled(() => remainsOf(had))) complain(`of a killed embedder: ${left}`);
  rmSync(plank);
  for (let room = 0; room < told.rooms; room++) note('SIGKILL of the embedder', 'gone');
  return told.rooms;
}

/** A worker thread that makes rooms is terminated. What it had is counted with what this process has. */
export async function tryTerminate(
  random: Random,
  means: Means,
  note: Note,
  complain: Complain,
): Promise<number> {
  const order: ChurnOrder = {
    anchor: chooseAnchor(random),
    // The first room of a plank reads its header, so there is one plank, which is known before the end can come.
    means: { ...means, planks: [random.pick(means.planks)] },
    rooms: 1 + random.below(4),
    seed: random.below(2 ** 31),
    thread: true,
  };
  const worker = new Worker(new URL('worker.js', import.meta.url), { workerData: order });
  const told = { rooms: 0, ready: false };
  worker.on('message', (message) => {
    if (message === 'ready') told.ready = true;
    else told.rooms++;
  });
  worker.on('error', (error) => complain(`a worker thread: ${String(error)}`));
  const ended = once(worker, 'exit');
  await Promise.race([ended, until(() => told.ready)]);
  await microseconds(random.below(20_000));
  await worker.terminate();
  for (let room = 0; room < told.rooms; room++) note('end of the worker thread', 'gone');
  return told.rooms;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}
