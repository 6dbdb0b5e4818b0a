import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Room } from '../../src/index.js';
import { startFresh } from '../helpers/fresh-process.js';
import { cgroupsOf } from '../helpers/host-state.js';
import { settled } from '../helpers/leftovers.js';
import { library, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

/** The cgroup of a room, or null on a host that gives it none: then there is nothing to try. */
function leafOf(t: ExecutionContext, room: Room): string | null {
  const path = room.granted.cgroup?.path ?? null;
  if (path === null) t.pass('no cgroup on this host');
  return path;
}

/** As whoever was given the cgroup, or a person who knows no better. */
function nest(leaf: string, depth: number): string {
  let deepest = leaf;
  for (const name of ['one', 'two']) mkdirSync(join(leaf, name));
  for (let level = 0; level < depth; level++) mkdirSync((deepest = join(deepest, `level-${level}`)));
  return deepest;
}

test('cgroups that somebody made below the cgroup of a room go with it', async (t) => {
  const room = await rooms.start(t, 'exec sleep 1000');
  const leaf = leafOf(t, room);
  if (leaf === null) return;
  nest(leaf, 50);
  await room.destroy();
  t.is(await room.removed, null);
  t.false(existsSync(leaf));
});

test('so do those with processes in them', async (t) => {
  const room = await rooms.start(t, 'sleep 1000 & exec sleep 1000');
  const leaf = leafOf(t, room);
  if (leaf === null) return;
  const deepest = nest(leaf, 3);
  const member = readFileSync(join(leaf, 'cgroup.procs'), 'utf8').trim().split('\n').at(-1) ?? '';
  writeFileSync(join(deepest, 'cgroup.procs'), member);
  writeFileSync(join(leaf, 'level-0', 'cgroup.freeze'), '1');
  await room.destroy();
  t.is(await room.removed, null);
  t.false(existsSync(leaf));
});

test('a process that somebody put into the cgroup of a room ends with the room', async (t) => {
  const room = await rooms.start(t, 'exec sleep 1000');
  const leaf = leafOf(t, room);
  if (leaf === null) return;
  const stranger = startFresh('console.log(process.pid); setInterval(() => {}, 1e6)');
  await stranger.line();
  writeFileSync(join(nest(leaf, 1), 'cgroup.procs'), String(stranger.pid));
  await room.destroy();
  t.is(await room.removed, null);
  t.is((await stranger.ended).signal, 'SIGKILL');
});

test.serial('all of them go when the program is killed', async (t) => {
  const source = `
    import { mkdirSync } from 'node:fs';
    import { Anchor } from ${JSON.stringify(library)};
    const anchor = await Anchor.open();
    const room = await anchor.spawn({ plank: ${JSON.stringify(rooms.plank)}, command: ['sleep', '1000'] });
    const leaf = room.granted.cgroup?.path;
    if (leaf !== undefined) {
      for (const name of ['one', 'two']) mkdirSync(leaf + '/' + name);
      mkdirSync(leaf + '/one' + '/deep'.repeat(50), { recursive: true });
    }
    console.log('ready');
    setInterval(() => {}, 1e6);`;
  const { pid, line, ended, child } = startFresh(source);
  await line();
  child.kill('SIGKILL');
  await ended;
  t.deepEqual(await settled(() => cgroupsOf(pid)), []);
});
