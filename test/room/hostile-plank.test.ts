import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { buildPlank, type RoomError, type RoomSpec } from '../../src/index.js';
import { makeBusyboxTree } from '../helpers/image.js';
import { lines, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

/** A busybox plank in which some paths are links instead. */
async function plankWith(t: ExecutionContext, links: Readonly<Record<string, string>>): Promise<string> {
  const tree = await mkdtemp(join(rooms.directory, 'tree-'));
  t.teardown(() => rm(tree, { recursive: true, force: true }));
  await makeBusyboxTree(tree);
  for (const [path, to] of Object.entries(links)) {
    await rm(join(tree, path), { recursive: true, force: true });
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await symlink(to, join(tree, path));
  }
  const output = `${tree}.sqsh`;
  await buildPlank({ source: tree, output });
  return output;
}

/** A room, or the typed error that a plank of this kind is answered with. Anything else fails the test. */
async function attempt(t: ExecutionContext, spec: RoomSpec): Promise<string> {
  try {
    return (await rooms.anchor.run(spec)).stdout;
  } catch (error) {
    t.is((error as RoomError).code, 'ERR_ROOM_MOUNT_TARGET', String(error));
    return '';
  }
}

for (const path of ['dev', 'proc', 'sys', 'dev/pts', 'dev/null', 'dev/shm', 'etc', 'run', 'tmp'])
  for (const to of ['/proc/sys/kernel', '../../../../../..@evil'])
    test(`a plank whose /${path} is a link to ${to} does nothing to the host`, async (t) => {
      const evil = join(rooms.directory, `evil-${path.replace('/', '-')}-${to.length}`);
      await mkdir(evil);
      await writeFile(join(evil, 'null'), 'untouched');
      const before = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
      const plank = await plankWith(t, { [path]: to.replace('@evil', evil) });
      await attempt(t, {
        plank,
        command: [
          'sh',
          '-c',
          'echo evil > /dev/null; echo evil > /dev/shm/x; echo evil > /tmp/core_pattern; touch /run/x',
        ],
        mounts: [
          { tmpfs: '1MiB', at: '/run/a/b' },
          { tmpfs: '1MiB', at: '/tmp/c' },
        ],
      });
      t.deepEqual(await readdir(evil), ['null']);
      t.is(readFileSync(join(evil, 'null'), 'utf8'), 'untouched');
      t.is(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), before);
    });

test('a target behind a link of the plank stays in the room', async (t) => {
  const outside = join(rooms.directory, 'outside');
  await mkdir(outside);
  const plank = await plankWith(t, { out: outside, up: '../../../..', round: 'round' });
  for (const at of ['/out/new', '/up/new', `/up${outside}/deep/new`]) {
    await attempt(t, { plank, command: ['touch', `${at}/file`], mounts: [{ tmpfs: '1MiB', at }] });
    t.deepEqual(await readdir(outside), [], at);
    t.false(existsSync('/new'), at);
  }
  const error = await t.throwsAsync(
    rooms.anchor.spawn({ plank, command: ['true'], mounts: [{ tmpfs: '1MiB', at: '/round/new' }] }),
  );
  t.is((error as RoomError).code, 'ERR_ROOM_MOUNT_TARGET');
});

test('a plank that names /etc/passwd of the host by a link does not get its users from there', async (t) => {
  const accounts = join(rooms.directory, 'accounts');
  await writeFile(accounts, 'stranger:x:4242:4242::/:/bin/sh\n');
  const plank = await plankWith(t, { 'etc/passwd': accounts });
  const error = await t.throwsAsync(rooms.anchor.spawn({ plank, command: ['id'], user: 'stranger' }));
  t.is((error as RoomError).code, 'ERR_ROOM_USER_NOT_FOUND');
  const { stdout } = await rooms.anchor.run({ plank, command: ['sh', '-c', 'cat /etc/passwd; id -u'] });
  t.deepEqual(lines(stdout), ['0']);
});

test('a set-user-id program of the plank gives nobody more rights', async (t) => {
  const tree = await mkdtemp(join(rooms.directory, 'tree-'));
  await makeBusyboxTree(tree);
  await chmod(join(tree, 'bin/busybox'), 0o6755);
  const plank = `${tree}.sqsh`;
  await buildPlank({ source: tree, output: plank });
  const command = ['sh', '-c', 'id -u; grep -E "^(CapEff|Uid)" /proc/self/status'];
  const { stdout } = await rooms.anchor.run({ plank, command, user: '1000:1000' });
  t.deepEqual(lines(stdout), ['1000', 'Uid:\t1000\t1000\t1000\t1000', 'CapEff:\t0000000000000000']);
});
