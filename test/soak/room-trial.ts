import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Abortable, Outcome, Room, RoomError } from '../../src/index.js';
import type { End } from './ends.js';
import { microseconds } from './moments.js';
import type { Pace } from './pace.js';
import type { RoomChoice } from './room-choice.js';

/** How a room ended: a reason, or why it never began. */
export type Seen = string;

/** Says what was wrong with something that should have gone another way. */
export type Complain = (text: string) => void;

/** Who wants to know about rooms. */
export interface Witness {
  readonly complain: Complain;
  readonly pace: Pace;
}

/** Asks for the room of a choice. */
export type Ask = (options: Abortable) => Promise<Room>;

/** What came of a room that was asked for. */
export interface Fate {
  readonly seen: Seen;
  /** Whether it had been put together before anybody asked for it; null: it never ran. */
  readonly waited: boolean | null;
}

/** Makes a room, brings it to its end, and looks at whether that is the end that it came to. */
export async function tryRoom(ask: Ask, choice: RoomChoice, witness: Witness): Promise<Fate> {
  const { end } = choice;
  const { complain, pace } = witness;
  const controller = new AbortController();
  const reason = new Error('of a soak');
  const making = ask(end.kind === 'abort' ? { signal: controller.signal } : {});
  const abort = async (after: number): Promise<void> => {
    await microseconds(after);
    controller.abort(reason);
  };
  const early = end.kind === 'abort' && end.moment.phase === 'making' ? end.moment : null;
  const aborting = early === null ? null : abort(pace.part(early.like, early.share));
  let room: Room;
  try {
    room = await making;
  } catch (error) {
    await aborting;
    const code = error === reason ? 'refused' : ((error as Partial<RoomError>).code ?? String(error));
    if (!fitsRefusal(end, code)) complain(`${end.kind}: spawn() rejected: ${inspect(error)}`);
    return { seen: code, waited: null };
  }
  pace.learn(room.timings);
  const visit = useRoom(room, choice, complain);
  try {
    await bringToEnd(room, end, abort, complain);
    const [outcome, left] = await Promise.all([room.exited, room.removed, aborting, visit]);
    if (!fits(end, outcome)) complain(`${end.kind} ended as ${describe(outcome)}: ${JSON.stringify(end)}`);
    if (left !== null) complain(`${end.kind}: not removed: ${left.message}`);
    // Nobody takes what has waited to a launcher.
    return { seen: outcome.reason, waited: !('taken' in room.timings.phases) };
  } finally {
    // When something could not be removed, that has been said.
    await room.destroy().catch(() => {});
  }
}

async function bringToEnd(
  room: Room,
  end: End,
  abort: (after: number) => Promise<void>,
  complain: Complain,
): Promise<void> {
  if (end.kind === 'abort' && end.moment.phase === 'living') await abort(end.moment.after);
  if (end.kind === 'signal' || end.kind === 'destroy' || end.kind === 'init') await microseconds(end.after);
  if (end.kind === 'signal') {
    if (!room.kill(end.signal)) complain('kill() found the room ended');
  } else if (end.kind === 'destroy') {
    await room.destroy().catch(() => {});
  } else if (end.kind === 'init') {
    process.kill(room.pid, 'SIGKILL');
  }
}

function fits(end: End, { reason, exitCode, signal }: Outcome): boolean {
  switch (end.kind) {
    case 'exit':
      return reason === 'exited' && exitCode === end.code;
    case 'crash':
    case 'signal':
      return reason === 'signaled' && signal === end.signal;
    case 'timeout':
      return reason === 'timed-out';
    case 'destroy':
      return reason === 'destroyed';
    case 'abort':
      return reason === 'aborted';
    case 'init':
      return reason === 'init-died';
    case 'owner':
      return reason === 'owner-closed';
    case 'missing':
      return false;
  }
}

function fitsRefusal(end: End, code: string): boolean {
  if (end.kind === 'missing') return code === 'ERR_ROOM_COMMAND_NOT_FOUND';
  if (end.kind === 'owner') return code === 'ERR_ROOM_CLOSED';
  return end.kind === 'abort' && end.moment.phase === 'making' && code === 'refused';
}

function describe({ reason, exitCode, signal }: Outcome): string {
  return `${reason} (${exitCode ?? signal ?? 'nothing said'})`;
}

/** Whatever else is done with it meanwhile. The end may come in between, and is the only thing that may. */
async function useRoom(room: Room, choice: RoomChoice, complain: Complain): Promise<void> {
  if (choice.read) {
    room.stdout?.resume();
    room.stderr?.resume();
  }
  if (choice.nested) nest(room);
  const parts = choice.execs.map((exec) => tryExec(room, exec, complain));
  if (choice.files) parts.push(tryFiles(room, complain));
  for (const result of await Promise.allSettled(parts)) {
    if (result.status === 'rejected' && !isEnded(result.reason)) complain(String(result.reason));
  }
  if (choice.frozen && room.granted.cgroup !== null)
    await room.freeze().catch((error: unknown) => {
      if (!isEnded(error)) complain(`freeze(): ${String(error)}`);
    });
}

async function tryExec(
  room: Room,
  { code, stdio }: RoomChoice['execs'][number],
  complain: Complain,
): Promise<void> {
  const started = await room.exec(
    ['sh', '-c', code === null ? 'exec sleep 1000' : `echo said; exit ${code}`],
    { stdio },
  );
  const [outcome, fate] = await Promise.all([started.exited, room.exited]);
  const ownEnd = outcome.reason === 'exited' && outcome.exitCode === code;
  const withRoom = outcome.reason === fate.reason || outcome.reason === 'signaled';
  if (!ownEnd && !withRoom)
    complain(`exec ended as ${describe(outcome)} in a room that was ${describe(fate)}`);
}

async function tryFiles(room: Room, complain: Complain): Promise<void> {
  await room.files.write('/tmp/soak', 'text');
  const text = await room.files.read('/tmp/soak', { encoding: 'utf8' });
  if (text !== 'text') complain(`files.read() gave ${JSON.stringify(text)}`);
  await room.files.list('/');
}

function isEnded(error: unknown): boolean {
  const { code } = error as Partial<RoomError>;
  return code === 'ERR_ROOM_ENDED' || code === 'ERR_ROOM_CLOSED';
}

/** As a person does who knows no better, or a program that this cgroup was given to. */
function nest(room: Room): void {
  const leaf = room.granted.cgroup?.path;
  if (leaf === undefined) return;
  try {
    for (const name of ['one', 'one/two', 'other']) mkdirSync(join(leaf, name));
  } catch {
    // The room has ended.
  }
}
