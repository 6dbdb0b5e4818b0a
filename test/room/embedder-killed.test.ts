import test from 'ava';
import { copyFileSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startFresh } from '../helpers/fresh-process.js';
import { belongingsOf, remainsOf, settled, type Belongings } from '../helpers/leftovers.js';
import { library, often, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

/** A program with living rooms that differ in what they hold on to. */
function program(plank: string, count: number): string {
  return `
    import { Anchor } from ${JSON.stringify(library)};
    const anchor = await Anchor.open();
    const kinds = [
      { command: ['sh', '-c', 'trap "" TERM INT HUP; setsid sleep 1000 & sleep 1000 & while :; do sleep 1000; done'] },
      { command: ['sh', '-c', 'head -c 1000000 /dev/zero > /tmp/x; exec 9</tmp/x; sleep 1000'] },
      { command: ['sh', '-c', 'sleep 1000'], stdio: { pty: {} } },
      { command: ['sleep', '1000'], mounts: [{ host: '/usr', at: '/host' }, { tmpfs: '1MiB', at: '/scratch' }], lifetime: '1h' },
      { command: ['cat'], user: 'app' },
    ];
    const made = await Promise.all(
      Array.from({ length: ${count} }, (_, at) => anchor.spawn({ plank: ${JSON.stringify(plank)}, ...kinds[at % kinds.length] })),
    );
    for (const room of made.slice(0, 4)) await room.exec(['sleep', '1000']);
    if (made[0].granted.cgroup !== null) await made[0].freeze();
    console.log(made.length);
    setInterval(() => {}, 1e6);`;
}

/** A copy for this test alone, so that its loop devices are known by it. */
function plankOf(name: string): string {
  const plank = join(rooms.directory, `${name}.sqsh`);
  copyFileSync(rooms.plank, plank);
  return plank;
}

function assertHad(
  t: { true(value: boolean, message?: string): void },
  had: Belongings,
  count: number,
): void {
  // Of each room: PID 1, the command, and namespaces mnt, pid, ipc, uts, net and user.
  t.true(had.processes.size >= 2 * count, `${had.processes.size} processes`);
  t.true(had.namespaces.size >= 6 * count, `${had.namespaces.size} namespaces`);
  t.true(had.loops.length > 0, 'a loop device');
}

test.serial(
  'kill -9 of a program with 20 living rooms leaves no process, mount, loop device or cgroup',
  async (t) => {
    const plank = plankOf('twenty');
    const { pid, line, ended, child } = startFresh(program(plank, 20));
    t.is(await line(), '20');
    const had = belongingsOf(pid, plank);
    assertHad(t, had, 20);
    t.true(remainsOf(had).length > 100, 'what lives is seen');
    child.kill('SIGKILL');
    t.is((await ended).signal, 'SIGKILL');
    t.deepEqual(await settled(() => remainsOf(had)), []);
  },
);

test.serial('so does kill -9 of it and of its keeper at the same time, but for empty cgroups', async (t) => {
  const plank = plankOf('keeper');
  const { pid, line, ended, child } = startFresh(program(plank, 5));
  await line();
  const had = belongingsOf(pid, plank);
  t.teardown(() => {
    for (const cgroup of had.cgroups.flatMap((path) => [
      ...readdirSync(path).map((name) => join(path, name)),
      path,
    ]))
      if (statSync(cgroup).isDirectory()) rmdirSync(cgroup);
  });
  const keeper = [...had.processes].find(([, name]) => name === 'room-keeper');
  if (keeper !== undefined) process.kill(Number.parseInt(keeper[0], 10), 'SIGKILL');
  child.kill('SIGKILL');
  await ended;
  t.deepEqual(await settled(() => remainsOf(had).filter((line) => !line.startsWith('cgroup '))), []);
});

test.serial('kill -9 at any moment of making and ending rooms leaves nothing', async (t) => {
  for (let round = 0; round < often(20); round++) {
    const plank = plankOf(`moment-${round}`);
    const source = `
      import { Anchor } from ${JSON.stringify(library)};
      const anchor = await Anchor.open();
      const spec = { plank: ${JSON.stringify(plank)}, command: ['sh', '-c', 'sleep 0.01'] };
      console.log('open');
      const again = () => anchor.run(spec).then(again);
      for (let at = 0; at < 8; at++) again();`;
    const { pid, line, ended, child } = startFresh(source);
    await line();
    await new Promise((resolve) => setTimeout(resolve, round * 4));
    const had = belongingsOf(pid, plank);
    child.kill('SIGKILL');
    await ended;
    t.deepEqual(await settled(() => remainsOf(had)), [], `round ${round}`);
  }
});

test.serial('a program that is stopped and then killed leaves nothing', async (t) => {
  const plank = plankOf('stopped');
  const { pid, line, ended, child } = startFresh(program(plank, 3));
  await line();
  child.kill('SIGSTOP');
  const had = belongingsOf(pid, plank);
  child.kill('SIGKILL');
  await ended;
  t.deepEqual(await settled(() => remainsOf(had)), []);
});
