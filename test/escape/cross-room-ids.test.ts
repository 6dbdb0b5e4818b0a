// Class 23, ids and counts: rooms share a range of user ids, so that what belongs to a user is common to them (signals,
// priorities, quotas of the kernel per user).
// Rule: each living room has a range of ids that no other has, in whatever process its Anchor is: IdRanges in src/host/ids.ts,
//   whose blocks are claimed by abstract socket names (claimName() in native/bridge/module.cc). BecomeRoomRoot() in
//   native/init/assemble/privileges.cc takes the ids on.
// Mutation: in IdRanges.take() return `block.first` without adding the slot.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import type { Room } from '../../src/index.js';
import { read } from '../helpers/host-state.js';
import { startFresh } from '../helpers/fresh-process.js';
import { library, lines, nextText, useRooms } from '../helpers/room.js';
import { armed, attack, hostileProgram } from './helpers/hostile-program.js';
import { baseOf, processesWithIds } from './helpers/room-processes.js';
import { idleRoom, saidBy, saidUntil } from './helpers/two-rooms.js';

const rooms = useRooms(test);
const run = promisify(execFile);

test('rooms of three Anchors in three processes have ranges that do not touch', async (t) => {
  const source = `
    import { Anchor } from ${JSON.stringify(library)};
    const anchor = await Anchor.open();
    const made = await Promise.all(Array.from({ length: 5 }, () => anchor.spawn({ plank: ${JSON.stringify(rooms.plank)}, command: ['sleep', '1000'] })));
    console.log(JSON.stringify(made.map((room) => [room.pid, room.granted.identity.base, room.granted.identity.size])));
    setInterval(() => {}, 1e6);`;
  const others = [startFresh(source), startFresh(source)];
  t.teardown(() => Promise.all(others.map(({ child, ended }) => (child.kill('SIGKILL'), ended))));
  const own = await Promise.all(Array.from({ length: 5 }, () => rooms.start(t, 'exec sleep 1000')));
  const told = (
    await Promise.all(others.map(async ({ line }) => JSON.parse(await line()) as number[][]))
  ).flat();
  const all = [...told, ...own.map((room) => [room.pid, baseOf(room), 65_536])];
  t.is(all.length, 15);
  // As the kernel has it, and not as it is told.
  for (const [pid = 0, base = 0, size = 0] of all)
    t.deepEqual(read(`/proc/${pid}/uid_map`).trim().split(/\s+/).map(Number), [0, base, size]);
  const sorted = all.map(([, base = 0]) => base).sort((left, right) => left - right);
  for (const [index, base] of sorted.entries())
    if (index > 0) t.true(base - (sorted[index - 1] ?? 0) >= 65_536, sorted.join());
  t.true((sorted[0] ?? 0) >= 524_288);
});

test('kill -9 -1, renice and limits by user reach nobody but the room', async (t) => {
  const neighbour = await rooms.start(t, '(sleep 1000 &) ; echo ready; exec sleep 1001');
  await nextText(neighbour.stdout);
  const before = processesWithIds(baseOf(neighbour)).map(({ pid }) => pid);
  t.is(before.length, 3);
  const nice = (): string[] =>
    before.map(
      (pid) =>
        read(`/proc/${pid}/stat`)
          .replace(/^.*\) /s, '')
          .split(' ')[16] ?? '',
    );
  const nices = nice();
  for (const user of ['root', 'app', '524288']) {
    const hostile = await rooms.start(
      t,
      'renice -n 19 -u 0; renice -n 19 -u 1000; kill -9 -1; kill -9 $(seq 2 400)',
      {
        ...(user === '524288' ? { identity: 'host' as const } : {}),
        user,
      },
    );
    await hostile.exited;
  }
  t.deepEqual(
    processesWithIds(baseOf(neighbour)).map(({ pid }) => pid),
    before,
  );
  t.deepEqual(nice(), nices);
  t.is(neighbour.state, 'running');
});

test('no setting of the kernel that one room writes does another room read', async (t) => {
  const list =
    'cd /proc/sys; for f in $(find . -type f); do v=; read -r v < $f; echo "$f $v"; done 2>/dev/null; true';
  const reader = await idleRoom(t, rooms);
  const settings = async (room: Room): Promise<ReadonlyMap<string, string>> => {
    const text = await saidBy(room, ['sh', '-c', list]);
    return new Map(lines(text).map((line) => [line.split(' ')[0] ?? '', line]));
  };
  const before = await settings(reader);
  t.true(before.size > 300);
  // Only what a room may open is written to: should that one day be a setting of the host, it is told, and not changed.
  const found = await attack(t, rooms, ['surface', 'write', '/proc/sys']);
  const own = found.filter((path) =>
    /^\/proc\/sys\/(net|user|fs\/mqueue|kernel\/(msg|sem|shm|hostname|domainname))/.test(path),
  );
  t.deepEqual(found.slice(0, -1).filter((path) => !own.includes(path) && !path.endsWith('/ns_last_pid')), []); // prettier-ignore
  const writer = await rooms.start(
    t,
    `for f in ${own.join(' ')}; do for v in 1 7 12345 changed "1 2 3"; do { echo $v > $f; } 2>/dev/null && echo $f; done; done
     echo done; exec sleep 1000`,
  );
  const wrote = await saidUntil(writer, 'done');
  const after = await settings(reader);
  // These count what happens on the machine.
  const restless = /random|nr_|-nr|-state|ns_last_pid|stat|pty\/nr|_count$/;
  const changed = [...before].filter(([name, line]) => !restless.test(name) && after.get(name) !== line);
  t.deepEqual(changed, [], wrote);
});

// What a room has of pending signals and message queues is counted for the maker of its user namespace, too: that has the
// effective id of the room's base (EffectiveId in native/launch/user_namespace.cc), and not root's.
for (const kind of ['signals', 'queues'] as const)
  test(`a room that takes all ${kind} there are leaves other rooms and the host theirs`, async (t) => {
    const spec = (words: string[]): string =>
      JSON.stringify({
        plank: rooms.plank,
        command: ['hostile', ...words],
        mounts: [{ host: program, at: '/usr/local/bin/hostile' }],
      });
    const program = await hostileProgram();
    // In a program of small limits, which its rooms inherit: the real ones are everybody's on this machine.
    const source = `
      import { Anchor } from ${JSON.stringify(library)};
      import { once } from 'node:events';
      import { execFileSync } from 'node:child_process';
      const anchor = await Anchor.open();
      const alone = (await anchor.run(${spec(['spare', kind])})).stdout.trim();
      const greedy = await anchor.spawn(${spec(['exhaust', kind])});
      await once(greedy.stdout, 'data');
      const beside = (await anchor.run(${spec(['spare', kind])})).stdout.trim();
      const host = execFileSync(${JSON.stringify(program)}, ['spare', ${JSON.stringify(kind)}], { encoding: 'utf8' }).trim();
      await anchor.close();
      console.log(JSON.stringify({ alone, beside, host }));`;
    const { stdout } = await run('prlimit', [
      '--sigpending=200:200',
      '--msgqueue=300000:300000',
      process.execPath,
      '--input-type=module',
      '--eval',
      source,
    ]); // prettier-ignore
    t.deepEqual(JSON.parse(stdout), { alone: 'spare', beside: 'spare', host: 'spare' });
  });

// All rooms share 3,072 terminals (kernel.pty.max less kernel.pty.reserve): each may have some of them, NewDevpts() in
// native/launch/sources.cc.
test('a room has fewer terminals than it has descriptors, so that others have some', async (t) => {
  const more = await armed({ rlimits: { nofile: 400 } });
  const room = await rooms.anchor.spawn(rooms.spec(['hostile', 'exhaust', 'terminals'], more));
  t.teardown(() => room.destroy());
  const taken = Number(/^exhausted (\d+)$/m.exec(await saidUntil(room, 'exhausted'))?.[1]);
  t.true(taken > 0 && taken < 390, `${taken}`);
});
