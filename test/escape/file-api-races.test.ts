/**
 * Class 6, against time: what the host looks at is another thing when it opens it, or grows while it is read.
 *
 * Rule: only what is open is looked at: copyOpen() in src/room/copy.ts and requireRegular() in src/room/files.ts ask the
 * descriptor; chunks() in src/room/room-fd.ts counts what was read and not what a file says of itself.
 * A directory that was made is given away only when what was opened looks like it: isNew() in src/room/new-directory.ts.
 * Mutation: isNew() answers true; copyEntry() in src/room/copy.ts: open with `fs.open(from.entry(name))` instead of openEntry(), which has
 * O_NOFOLLOW | O_NONBLOCK.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Room, RoomError, RoomSpec } from '../../src/index.js';
import { mountable, nextText, useRooms } from '../helpers/room.js';
import { makeCanary } from './helpers/canary.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);

/** A room with the programs of this class; it is destroyed with the test. */
async function open(t: ExecutionContext, more: Partial<RoomSpec> = {}): Promise<Room> {
  const plank = await hostilePlank(t, { programs: ['grow-tree', 'swap-whenever'] });
  const room = await rooms.anchor.spawn({ plank, command: ['sleep', '1000'], ...more });
  t.teardown(() => room.destroy());
  return room;
}

let places = 0;
const place = (): string => join(rooms.directory, `out-${places++}`);
const refused = { code: 'ERR_ROOM_FILE' };

test('a name that is a file, a FIFO, a link to the host and a directory in turns', async (t) => {
  const canary = await makeCanary(t);
  const room = await open(t);
  await room.files.makeDirectory('/tmp/tree');
  const path = '/tmp/tree/name';
  const swapper = await room.exec(['grow-tree', 'kinds', path, join(canary.directory, 'secret')]);
  await nextText(swapper.stdout);
  const answers = new Set<string>();
  const attempt = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      (answer) => (answers.add('done'), answer),
      (error: unknown) => answers.add((error as RoomError).code),
    );
  for (let round = 0; round < 60; round++) {
    const [trees, file] = [Array.from({ length: 6 }, place), place()];
    for (const tree of trees) await attempt(room.files.copyOut('/tmp/tree', tree));
    await attempt(room.files.copyOut(path, file));
    t.not(await attempt(room.files.read(path, { encoding: 'utf8' })), `${canary.token}\n`);
    await attempt(room.files.write(path, 'written'));
    await attempt(room.files.copyIn(join(canary.directory, 'kernel'), path));
    await attempt(room.files.remove(path, { recursive: true }));
    await attempt(room.files.makeDirectory(path));
    for (const copy of [...trees.map((tree) => join(tree, 'name')), file]) {
      const stats = lstatSync(copy, { throwIfNoEntry: false });
      t.false(stats?.isFIFO() === true || stats?.isSymbolicLink() === true, 'what is copied is plain');
      if (stats?.isFile() === true) t.false(readFileSync(copy, 'utf8').includes(canary.token));
    }
    for (const copy of [...trees, file]) await rm(copy, { recursive: true, force: true });
  }
  t.deepEqual([...answers].sort(), ['ERR_ROOM_FILE', 'done']);
  canary.intact(t);
});

test('a file that grows while it is read and copied has an end', async (t) => {
  const room = await open(t, { limits: { disk: '256MiB' } });
  const grower = await room.exec(['grow-tree', 'file', '/tmp/growing']);
  await nextText(grower.stdout);
  const maxBytes = 1024 * 1024;
  while ((await room.files.stat('/tmp/growing')).size <= maxBytes);
  await t.throwsAsync(room.files.read('/tmp/growing', { maxBytes }), refused);
  const to = place();
  await t.throwsAsync(room.files.copyOut('/tmp', to, { maxBytes }), refused);
  t.true((lstatSync(join(to, 'growing'), { throwIfNoEntry: false })?.size ?? 0) <= maxBytes);
});

// A directory is made by its name, and what has that name then is opened and given to the room's user. A process of that user puts
// another directory there in between: one of root, in a directory that both may write to. It is noticed, and not given away.
for (const identity of ['mapped', 'host'] as const)
  test.serial(
    `only the directory that was made is given to the user of the room, identity ${identity}`,
    async (t) => {
      const host = await mkdtemp(join(mountable, 'anchor-given-'));
      t.teardown(() => rm(host, { recursive: true, force: true }));
      await chown(host, 1000, 1000);
      const mounts: RoomSpec['mounts'] =
        identity === 'host'
          ? [{ host, at: '/shared', access: 'write' }]
          : [{ tmpfs: '1MiB', at: '/shared', mode: 0o777 }];
      const room = await open(t, { identity, user: '1000:1000', mounts });
      const secret = identity === 'host' ? join(host, 'root') : '/shared/root';
      if (identity === 'host') {
        await mkdir(secret, { mode: 0o700 });
        await writeFile(join(secret, 'file'), 'secret');
      } else {
        const line = `mkdir -m 700 ${secret}; echo secret > ${secret}/file`;
        await (
          await room.exec(['sh', '-c', line], { user: 'root' })
        ).exited;
      }
      const swapper = await room.exec(['swap-whenever', '/shared/new', '/shared/root']);
      await nextText(swapper.stdout);
      const look = async (): Promise<string> => {
        const reader = await room.exec(['sh', '-c', 'cat /shared/*/file 2>/dev/null']);
        let text = '';
        for await (const chunk of reader.stdout ?? []) text += String(chunk);
        return text.trim();
      };
      for (let round = 0; round < 300; round++) {
        await room.files.makeDirectory('/shared/new').catch(() => {});
        if (!t.is(await look(), '', `round ${round}`)) return;
        // The empty one of both goes, and the other has its name again before the next round.
        for (const name of ['new', 'root']) await room.files.remove(`/shared/${name}`).catch(() => {});
        await (
          await room.exec(['mv', '-T', '/shared/new', '/shared/root'])
        ).exited;
      }
    },
  );
