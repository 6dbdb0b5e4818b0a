// What a cgroup refuses: processes, cgroups below it, limits without a controller.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Anchor, type RoomError } from '../../../src/index.js';
import { assertNothingLeft, standing } from '../../helpers/leftovers.js';
import { cgroupOf, nextText, planks, shell } from '../../helpers/vm-guest.js';

const plank = planks.squashfs;
/** Of this process, which is alone in it; below the cgroup that its Anchors get theirs in. */
const own = join('/sys/fs/cgroup', readFileSync('/proc/self/cgroup', 'utf8').trim().replace('0::', ''));

/** The cgroup of the only Anchor there is. */
function subtree(): string {
  const above = join(own, '..');
  const [name] = readdirSync(above).filter((each) => each.startsWith(`anchor-${process.pid}-`));
  return join(above, name ?? '');
}

/** A spawn fails while `refuse` is so, and leaves nothing; the next one works when it is no more. */
async function refuses(
  t: ExecutionContext,
  refuse: (subtree: string) => () => void,
  limits: object = {},
): Promise<RoomError> {
  const before = await standing(plank);
  const anchor = await Anchor.open({ reserve: 0, launchers: 1 });
  t.is((await anchor.run(shell('echo fine', { limits }))).stdout, 'fine\n');
  const during = await standing(plank);
  const allow = refuse(subtree());
  const refused = await t.throwsAsync(anchor.run(shell('echo fine', { limits })));
  await assertNothingLeft(t, during, plank);
  t.deepEqual(roomsIn(subtree()), []);
  allow();
  t.is((await anchor.run(shell('echo fine', { limits }))).stdout, 'fine\n');
  await anchor.close();
  await assertNothingLeft(t, before, plank);
  return refused as RoomError;
}

function roomsIn(cgroup: string): string[] {
  return readdirSync(cgroup, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** Writes to a file of a cgroup; what undoes it writes what was there. */
function set(file: string, value: string): () => void {
  const before = readFileSync(file, 'utf8').trim();
  writeFileSync(file, value);
  return () => writeFileSync(file, before);
}

test.serial('no process fits into the cgroup of the Anchor', async (t) => {
  const error = await refuses(t, (cgroup) => set(join(cgroup, 'pids.max'), '0'));
  t.like(error, { code: 'ERR_ROOM_LAUNCH', step: 'clone', syscall: 'clone3', errno: -11 });
  t.regex(error.hint ?? '', /pids\.max/);
});

test.serial('no process fits into the cgroup of this program', async (t) => {
  const error = await refuses(t, () => set(join(own, 'pids.max'), '1'));
  t.like(error, { code: 'ERR_ROOM_LAUNCH', step: 'userns.create', errno: -11 });
  t.regex(error.hint ?? '', /pids\.max/);
});

test.serial('no Anchor is opened when its threads do not fit', async (t) => {
  const before = await standing(plank);
  const allow = set(join(own, 'pids.max'), '1');
  const error = await t.throwsAsync<RoomError>(Anchor.open());
  allow();
  t.is(error.errno, -11);
  t.regex(error.hint ?? '', /pids\.max/);
  await assertNothingLeft(t, before, plank);
  await using anchor = await Anchor.open();
  t.is((await anchor.run(shell('echo fine'))).stdout, 'fine\n');
});

test.serial('no cgroup may be made below that of the Anchor', async (t) => {
  const error = await refuses(t, (cgroup) => set(join(cgroup, 'cgroup.max.descendants'), '0'));
  t.like(error, { code: 'ERR_ROOM_LAUNCH', step: 'cgroup.create', syscall: 'mkdirat', errno: -11 });
  t.regex(error.hint ?? '', /cgroup\.max\.descendants/);
  t.regex(error.path ?? '', /^\/sys\/fs\/cgroup\/.*\/room-/);
});

test.serial('a controller was taken away from the rooms', async (t) => {
  const takeAway = (cgroup: string) => {
    writeFileSync(join(cgroup, 'cgroup.subtree_control'), '-pids');
    return () => writeFileSync(join(cgroup, 'cgroup.subtree_control'), '+pids');
  };
  const error = await refuses(t, takeAway, { processes: 20 });
  t.like(error, { code: 'ERR_ROOM_CGROUP_CONTROLLER', step: 'cgroup.write', syscall: 'openat', errno: -2 });
  t.regex(error.path ?? '', /^\/sys\/fs\/cgroup\/.*\/room-.*\/pids\.max$/);
});

test.serial('and is missing when a living room gets another limit', async (t) => {
  const before = await standing(plank);
  const anchor = await Anchor.open({ reserve: 0 });
  const room = await anchor.spawn(shell('echo ready; read end'));
  await nextText(room.stdout);
  const control = join(subtree(), 'cgroup.subtree_control');
  writeFileSync(control, '-pids');
  const error = await t.throwsAsync<RoomError>(room.setLimits({ processes: 20 }));
  t.like(error, { code: 'ERR_ROOM_CGROUP_CONTROLLER', step: 'cgroup.write', errno: -2 });
  t.is(error.path, join(cgroupOf(room), 'pids.max'));
  writeFileSync(control, '+pids');
  await room.setLimits({ processes: 20 });
  room.stdin?.end('\n');
  t.is((await room.exited).reason, 'exited');
  await anchor.close();
  await assertNothingLeft(t, before, plank);
});
