import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  Anchor,
  type AnchorOptions,
  type Outcome,
  type Pool,
  type Room,
  type RoomSpec,
} from '../../../src/index.js';

/** What a scenario works with. */
export interface World {
  readonly plank: string;
  /** A directory of the host with a file in it. */
  readonly directory: string;
  anchor: Anchor | null;
  room: Room | null;
  pool: Pool | null;
}

/** Something that a program does with rooms, of which any system call may fail. */
export interface Scenario {
  readonly options?: AnchorOptions;
  /** Done unwatched, with an open Anchor; without this there is none yet. */
  readonly before?: (world: World, anchor: Anchor) => Promise<void>;
  /** Done watched. Throws when it did not come to what it should. */
  readonly act: (world: World) => Promise<void>;
}

/** Everything that a room can be given at once. */
function rich({ plank, directory }: World): RoomSpec {
  return {
    plank,
    command: ['sh', '-c', 'cat /data/file; cat; echo err >&2'],
    env: { A: '1' },
    user: 'app',
    cwd: '/work',
    hostname: 'fault',
    mounts: [
      { host: directory, at: '/data' },
      { host: directory, at: '/made/on/the/way', access: 'write' },
      { tmpfs: '1MiB', at: '/work' },
    ],
    limits: { disk: '3MiB' },
    rlimits: { nofile: 4096 },
    readOnlyRoot: true,
    lifetime: '1h',
  };
}

/** The same without what lies on the host, which no room waits with. */
function furnished(world: World): RoomSpec {
  const command = ['sh', '-c', 'cat; echo err >&2'];
  return { ...rich(world), command, mounts: [{ tmpfs: '1MiB', at: '/work' }] };
}

function plain(world: World): RoomSpec {
  return { plank: world.plank, command: ['echo', 'fine'] };
}

async function spoken(room: Room, input = ''): Promise<string> {
  room.stdin?.end(input);
  let text = '';
  for await (const chunk of room.stdout!) text += String(chunk);
  return text;
}

function expect(found: unknown, wanted: unknown, what: string): void {
  if (found !== wanted)
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}

/** Something that ended in another way than it should, and says so itself. */
export class Ended extends Error {}

/** Waits until nothing of the room is left, and throws what is. */
async function gone(room: Room, reason: Outcome['reason']): Promise<Outcome> {
  const outcome = await room.exited;
  const left = await room.removed;
  if (left !== null) throw left;
  if (outcome.reason !== reason) throw new Ended(outcome.reason);
  return outcome;
}

/** From a spec until nothing of the room is left. */
async function live(anchor: Anchor, spec: RoomSpec, input: string, output: string): Promise<void> {
  const room = await anchor.spawn(spec);
  const text = await spoken(room, input);
  const outcome = await gone(room, 'exited');
  expect(outcome.exitCode, 0, 'exit code');
  expect(text, output, 'stdout');
}

/** Throws why a room could not be made ahead meanwhile: nobody who spawns is told. */
async function hearing(work: () => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const listen = (message: unknown): void => void failures.push((message as { error: unknown }).error);
  subscribe('anchor:reserve:error', listen);
  try {
    await work();
  } catch (error) {
    // What comes of it, more often than not.
    throw failures[0] ?? error;
  } finally {
    unsubscribe('anchor:reserve:error', listen);
  }
  if (failures.length > 0) throw failures[0];
}

/** A pool that is not filled up while a room of it runs: its calls would be mixed with those of the room. */
async function poolOf(world: World, anchor: Anchor, size: number): Promise<void> {
  world.pool = anchor.pool(furnished(world), { size, refill: 'idle' });
  await world.pool.ready();
  expect(world.pool.counters.waiting, size, 'rooms that wait');
}

async function sleeper(world: World, anchor: Anchor): Promise<void> {
  world.room = await anchor.spawn({ plank: world.plank, command: ['sleep', '1000'] });
}

export const scenarios = {
  open: {
    options: { reserve: 0, launchers: 1 },
    act: async (world) => {
      world.anchor = await Anchor.open({ reserve: 0, launchers: 1 });
    },
  },
  spawn: {
    options: { reserve: 0, launchers: 1 },
    before: async () => {},
    act: (world) => live(world.anchor!, rich(world), 'in\n', 'content\nin\n'),
  },
  terminal: {
    options: { reserve: 0, launchers: 1 },
    before: async () => {},
    act: (world) => live(world.anchor!, { ...plain(world), stdio: { pty: {} } }, '', 'fine\r\n'),
  },
  handedOn: {
    options: { reserve: 0, launchers: 1 },
    before: async () => {},
    act: async (world) => {
      const room = await world.anchor!.spawn({ ...plain(world), stdio: ['ignore', 2, 'ignore'] });
      await gone(room, 'exited');
    },
  },
  reserve: {
    options: { reserve: 1, launchers: 1 },
    before: (_, anchor) => anchor.ready(),
    act: (world) =>
      hearing(async () => {
        await live(world.anchor!, rich(world), 'in\n', 'content\nin\n');
        // The next blank room is made meanwhile: whole, so that its calls are the same ones each time.
        await world.anchor!.ready();
      }),
  },
  prepare: {
    options: { reserve: 1, launchers: 1 },
    before: (_, anchor) => anchor.ready(),
    act: (world) =>
      hearing(async () => {
        // Takes the blank room that waits, so that another one has to be made.
        await sleeper(world, world.anchor!);
        await world.anchor!.ready();
      }),
  },
  ahead: {
    options: { reserve: 2, launchers: 1 },
    before: async (world, anchor) => {
      // What was spawned twice is expected a third time, and one such room put together.
      for (let times = 0; times < 2; times++) await live(anchor, furnished(world), 'in\n', 'in\n');
      await anchor.ready();
    },
    act: (world) =>
      hearing(async () => {
        await live(world.anchor!, furnished(world), 'in\n', 'in\n');
        // The next one is put together.
        await world.anchor!.ready();
      }),
  },
  poolFill: {
    options: { reserve: 0, launchers: 1 },
    before: async () => {},
    act: (world) => hearing(() => poolOf(world, world.anchor!, 2)),
  },
  poolTake: {
    options: { reserve: 0, launchers: 1 },
    before: (world, anchor) => poolOf(world, anchor, 1),
    act: async (world) => {
      const pool = world.pool!;
      const room = await pool.take();
      const closed = pool.close();
      const text = await spoken(room, 'in\n');
      const outcome = await gone(room, 'exited');
      expect(outcome.exitCode, 0, 'exit code');
      expect(text, 'in\n', 'stdout');
      await closed;
    },
  },
  poolClose: {
    options: { reserve: 0, launchers: 1 },
    before: (world, anchor) => poolOf(world, anchor, 2),
    act: (world) => world.pool!.close(),
  },
  exec: {
    options: { reserve: 0, launchers: 1 },
    before: sleeper,
    act: async (world) => {
      const process = await world.room!.exec(['cat', '/etc/passwd'], { user: 'app', cwd: '/tmp' });
      let text = '';
      for await (const chunk of process.stdout!) text += String(chunk);
      const { reason, exitCode } = await process.exited;
      if (reason !== 'exited') throw new Ended(reason);
      expect(exitCode, 0, 'exit code');
      if (!text.includes('/home/app')) throw new Error(text);
    },
  },
  execTerminal: {
    options: { reserve: 0, launchers: 1 },
    before: sleeper,
    act: async (world) => {
      const process = await world.room!.exec(['echo', 'fine'], { stdio: { pty: {} } });
      let text = '';
      for await (const chunk of process.stdout!) text += String(chunk);
      const { reason } = await process.exited;
      if (reason !== 'exited') throw new Ended(reason);
      expect(text, 'fine\r\n', 'output');
    },
  },
  signal: {
    options: { reserve: 0, launchers: 1 },
    before: sleeper,
    act: async (world) => {
      world.room!.kill('SIGTERM');
      await gone(world.room!, 'signaled');
    },
  },
  destroy: {
    options: { reserve: 0, launchers: 1 },
    before: sleeper,
    act: async (world) => {
      await world.room!.destroy();
      await gone(world.room!, 'destroyed');
    },
  },
  extend: {
    options: { reserve: 0, launchers: 1 },
    before: sleeper,
    act: async (world) => {
      world.room!.extend('1ms');
      await gone(world.room!, 'timed-out');
    },
  },
  files: {
    options: { reserve: 0, launchers: 1 },
    before: sleeper,
    act: async (world) => {
      const { files } = world.room!;
      await files.write('/tmp/file', 'text');
      expect(String(await files.read('/tmp/file')), 'text', 'content');
    },
  },
  closeEarly: {
    options: { reserve: 4, launchers: 1 },
    before: async () => {},
    act: async (world) => {
      const ready = world.anchor!.ready().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 500));
      const begun = performance.now();
      await world.anchor!.close();
      await ready;
      world.anchor = null;
      // Half of what a launcher waits for a room-init that somebody has stopped.
      if (performance.now() - begun > 15_000) throw new Error('it waited for a room that nobody wants');
    },
  },
  close: {
    options: { reserve: 1, launchers: 1 },
    before: async (world, anchor) => {
      await sleeper(world, anchor);
      await anchor.ready();
    },
    act: async (world) => {
      const closing = world.anchor!.close();
      world.anchor = null;
      await closing;
    },
  },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;

/** An ordinary room, when the fault is over. */
export async function runPlain(world: World, anchor: Anchor): Promise<void> {
  await live(anchor, plain(world), '', 'fine\n');
}
