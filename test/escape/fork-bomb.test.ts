// Class 27: processes outrun whoever ends them by a list of numbers, and a bomb cannot be stopped.
// Rule: the end of room-init is the end of all in its PID namespace: KillLocked() in native/watch/life.cc kills that one process,
//   and End() in native/init/supervise.cc ends it when the command has ended. Then the cgroup is removed (native/watch/janitor.cc).
//   Limits on the number of processes need cgroup v2 controllers: test/vm/guest/processes.test.ts. Without them a room has half of
//   the numbers there are, where the kernel counts them for each PID namespace: shareOfPids() in src/host/pids.ts.
// Mutation: in Reap() of native/init/supervise.cc leave out `if (process == 0) End();` (with --match='*end of the command*': it hangs,
//   which is the failure). CLONE_NEWPID is for cross-room.test.ts: without it two thousand processes would stay on the host.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { Room } from '../../src/index.js';
import { descendantsOf, namespacesOf, tasksOf } from '../helpers/host-state.js';
import { library, until, useRooms } from '../helpers/room.js';
import { armed } from './helpers/hostile-program.js';
import { baseOf, processesWithIds } from './helpers/room-processes.js';
import { saidUntil } from './helpers/two-rooms.js';

const rooms = useRooms(test, { reserve: 0 });
const run = promisify(execFile);

/** This process and all that came of it: others get the numbers of namespaces that have gone. */
const ours = (): number[] => [
  process.pid,
  ...[...descendantsOf(process.pid).keys()].map((key) => Number.parseInt(key, 10)),
];

/** What is left of a room on the host. To be taken down while it lives. */
function traces(room: Room): () => string[] {
  const base = baseOf(room);
  const cgroup = room.granted.cgroup?.path ?? null;
  const here = new Set(namespacesOf('/proc/self'));
  const own = namespacesOf(`/proc/${room.pid}`).filter((name) => !here.has(name));
  return () => [
    ...processesWithIds(base).map(({ pid, status }) => `process ${pid} ${status.split('\n')[0] ?? ''}`),
    ...(cgroup !== null && existsSync(cgroup) ? [`cgroup ${cgroup}`] : []),
    ...ours().flatMap((pid) =>
      tasksOf(pid).flatMap((task) => namespacesOf(task).filter((name) => own.includes(name)).map((name) => `${task} in ${name}`)),
    ),
  ]; // prettier-ignore
}

async function swarm(t: ExecutionContext, ...words: string[]): Promise<Room> {
  const room = await rooms.anchor.spawn(rooms.spec(['hostile', 'swarm', ...words], await armed()));
  t.teardown(() => room.destroy());
  t.regex(await saidUntil(room, 'swarm'), /^swarm \d+$/);
  return room;
}

test.serial(
  'destroy() of a room with 2,000 processes that hold on in every way leaves none, nor its cgroup',
  async (t) => {
    const room = await swarm(t, '2000');
    const left = traces(room);
    t.true(processesWithIds(baseOf(room)).length > 2000);
    await room.destroy();
    t.deepEqual(left(), []);
    t.is((await room.exited).reason, 'destroyed');
  },
);

test.serial('so does that of one whose processes are never the same for long', async (t) => {
  for (let round = 0; round < 3; round++) {
    const room = await swarm(t, '10', 'restless');
    const left = traces(room);
    const before = new Set(processesWithIds(baseOf(room)).map(({ pid }) => pid));
    // A list of them is old at once.
    await until(() => processesWithIds(baseOf(room)).some(({ pid }) => !before.has(pid)));
    await room.destroy();
    t.deepEqual(left(), []);
  }
});

test.serial('the end of the command is the end of all of them', async (t) => {
  const room = await rooms.start(
    t,
    'hostile swarm 10 restless & hostile swarm 200 & sleep 0.3; exit 3',
    await armed(),
  );
  const left = traces(room);
  const outcome = await room.exited;
  t.is(outcome.exitCode, 3);
  t.is(await room.removed, null);
  t.deepEqual(left(), []);
});

test.serial(
  'room-init lives while everything else in the room is told to die, and the room ends by its rules',
  async (t) => {
    const room = await rooms.start(
      t,
      'kill -9 1; kill -9 -1; kill -STOP 1; kill -TERM 1; exit 7',
      await armed(),
    );
    t.is((await room.exited).exitCode, 7);
  },
);

test.serial('a bomb within the limit of processes of its user leaves room for the host', async (t) => {
  // RLIMIT_NPROC counts a user of the room; cgroups, which count the room, are not to be had on every host.
  const line = 'hostile swarm 500 || echo "swarm ended"; exec sleep 1000';
  const more = await armed({ user: 'app', rlimits: { nproc: 50 } });
  const room = await rooms.start(t, line, more);
  const left = traces(room);
  t.is(await saidUntil(room, 'ended'), 'swarm ended');
  t.true(processesWithIds(baseOf(room)).length < 60);
  await room.destroy();
  t.deepEqual(left(), []);
});

test.serial('one room alone does not take all process numbers there are', async (t) => {
  const { granted } = await rooms.start(t, 'exec sleep 1000');
  const host = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8'));
  if (granted.pidMax === null) {
    // Before Linux 6.14 there is one number for all, which no room may set.
    t.is(await rooms.output(t, 'cat /proc/sys/kernel/pid_max'), String(host));
    return;
  }
  t.true(granted.pidMax <= host / 2);
  t.is(await rooms.output(t, 'cat /proc/sys/kernel/pid_max'), String(granted.pidMax));
  // In a host of which there is not so much.
  const line = 'hostile swarm 3000 2>&1 || echo full; exec sleep 1000';
  const { stdout } = await run('unshare', [
    ...['--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c'],
    `echo 1200 > /proc/sys/kernel/pid_max && exec "$0" --input-type=module --eval "$1"`,
    process.execPath,
    `import { spawnSync } from 'node:child_process';
     import { Anchor } from ${JSON.stringify(library)};
     const anchor = await Anchor.open({ reserve: 0 });
     const room = await anchor.spawn(${JSON.stringify(rooms.shell(line, await armed()))});
     for await (const text of room.stdout) if (String(text).includes('full')) break;
     const { status } = spawnSync('true');
     await room.destroy();
     await anchor.close();
     console.log(JSON.stringify({ pidMax: room.granted.pidMax, status }));`,
  ]);
  t.deepEqual(JSON.parse(stdout), { pidMax: 600, status: 0 });
  t.is(Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')), host);
});
