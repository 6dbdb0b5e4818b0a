import { copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Anchor } from '../../src/index.js';
import { loopsOn, loopsWhere } from '../helpers/host-state.js';
import { often, until, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

/** An Anchor of the test's own, and a plank that only it uses. */
async function idling(
  t: ExecutionContext,
  plankIdle: number | string,
): Promise<{ anchor: Anchor; plank: string }> {
  const anchor = await Anchor.open({ plankIdle });
  t.teardown(() => anchor.close());
  const plank = join(rooms.directory, `idle-${Math.random()}.sqsh`);
  await copyFile(rooms.plank, plank);
  return { anchor, plank };
}

test('a plank that nobody uses any more lets go of its loop device, and the next spawn works', async (t) => {
  const { anchor, plank } = await idling(t, '20ms');
  for (let round = 0; round < 3; round++) {
    t.is((await anchor.run({ plank, command: ['echo', 'said'] })).stdout, 'said\n');
    await until(() => loopsOn(plank).length === 0);
  }
});

test('a living room keeps what it is made of', async (t) => {
  const { anchor, plank } = await idling(t, '20ms');
  const room = await anchor.spawn({ plank, command: ['sleep', '1000'] });
  await sleep(200);
  t.is(loopsOn(plank).length, 1);
  const process = await room.exec(['ls', '/bin/busybox']);
  t.is((await process.exited).exitCode, 0);
  await room.destroy();
  await until(() => loopsOn(plank).length === 0);
});

test('spawns at the moment of letting go work', async (t) => {
  const { anchor, plank } = await idling(t, 1);
  for (let round = 0; round < often(100); round++) {
    const results = await Promise.all([1, 2, 3].map(() => anchor.run({ plank, command: ['echo', 'said'] })));
    for (const { stdout } of results) if (stdout !== 'said\n') return t.fail(`round ${round}: ${stdout}`);
    await sleep(Math.random() * 4);
  }
  await until(() => loopsOn(plank).length === 0);
  t.pass();
});

test('a plank that was replaced is let go as well', async (t) => {
  const { anchor, plank } = await idling(t, '20ms');
  await anchor.run({ plank, command: ['true'] });
  await copyFile(plank, `${plank}.new`);
  await rename(`${plank}.new`, plank);
  await anchor.run({ plank, command: ['true'] });
  await until(() => loopsWhere((file) => file.startsWith(plank)).length === 0);
  t.pass();
});

test("the host's programs are laid out again", async (t) => {
  const { anchor } = await idling(t, '5ms');
  for (let round = 0; round < 3; round++) {
    t.is((await anchor.run({ plank: 'host', command: ['echo', 'said'] })).stdout, 'said\n');
    await sleep(30);
  }
});

test('a time that is none is refused', async (t) => {
  for (const plankIdle of [0, -1, 'soon', null])
    await t.throwsAsync(Anchor.open({ plankIdle } as never), { message: /^plankIdle/ });
});
