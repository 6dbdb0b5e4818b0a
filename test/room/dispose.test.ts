import test from 'ava';
import { Anchor } from '../../src/index.js';
import { assertNothingLeft, belongingsOf, remainsOf, standing } from '../helpers/leftovers.js';
import { nextText, often, useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 0 });

test.serial('the end of a block ends its rooms and its Anchor', async (t) => {
  const before = await standing(rooms.plank);
  const outcomes: Promise<unknown>[] = [];
  {
    await using anchor = await Anchor.open();
    await using room = await anchor.spawn(rooms.shell('sleep 1000'));
    const other = await anchor.spawn(rooms.shell('sleep 1000'));
    outcomes.push(room.exited, other.exited);
    t.is(anchor.rooms.size, 2);
  }
  const reasons = (await Promise.all(outcomes)).map((outcome) => (outcome as { reason: string }).reason);
  t.deepEqual(reasons, ['destroyed', 'owner-closed']);
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial('destroy() resolves when nothing of the room is left', async (t) => {
  const before = belongingsOf(process.pid, rooms.plank);
  const room = await rooms.anchor.spawn(rooms.shell('sleep 1000 & sleep 1000 & echo ready; wait'));
  await nextText(room.stdout);
  const during = belongingsOf(process.pid, rooms.plank);
  t.true(during.processes.size >= before.processes.size + 3);
  await room.destroy();
  const processes = new Map([...during.processes].filter(([key]) => !before.processes.has(key)));
  const namespaces = new Set([...during.namespaces].filter((name) => !before.namespaces.has(name)));
  t.true(namespaces.size >= 6);
  const left = remainsOf({ ...during, processes, namespaces }).filter((line) =>
    /^process \d+@|^\/proc/.test(line),
  );
  t.deepEqual(left, []);
});

test.serial('disposing twice, or after the end, is no error', async (t) => {
  const room = await rooms.anchor.spawn(rooms.shell('exit 3'));
  t.is((await room.exited).exitCode, 3);
  await Promise.all([room.destroy(), room.destroy(), room[Symbol.asyncDispose]()]);
  t.is((await room.exited).reason, 'exited');
});

test.serial('a closed Anchor takes no more rooms, and closing again is no error', async (t) => {
  const anchor = await Anchor.open();
  const room = await anchor.spawn(rooms.shell('sleep 1000'));
  await Promise.all([anchor.close(), anchor.close()]);
  await t.throwsAsync(anchor.spawn(rooms.shell('true')), { code: 'ERR_ROOM_CLOSED' });
  await t.throwsAsync(anchor.run(rooms.shell('true')), { code: 'ERR_ROOM_CLOSED' });
  await t.throwsAsync(anchor.plan(rooms.shell('true')), { code: 'ERR_ROOM_CLOSED' });
  t.is(room.state, 'removed');
  await room.destroy();
});

test.serial('closing while rooms are being made refuses or ends each of them', async (t) => {
  const before = await standing(rooms.plank);
  for (let round = 0; round < often(10); round++) {
    const anchor = await Anchor.open();
    const making = Array.from({ length: 8 }, () => anchor.spawn(rooms.shell('sleep 1000')));
    const settling = Promise.allSettled(making);
    await new Promise((resolve) => setTimeout(resolve, round));
    await anchor.close();
    for (const result of await settling) {
      if (result.status === 'fulfilled') t.is((await result.value.exited).reason, 'owner-closed');
      else t.is((result.reason as NodeJS.ErrnoException).code, 'ERR_ROOM_CLOSED');
    }
  }
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial(`opening and closing ${often(20)} Anchors leaves this process as it was`, async (t) => {
  await rooms.anchor.run(rooms.shell('true'));
  const before = await standing(rooms.plank);
  for (let round = 0; round < often(20); round++) {
    const anchor = await Anchor.open();
    if (round % 2 === 0) await anchor.run(rooms.shell('true'));
    await anchor.close();
  }
  await assertNothingLeft(t, before, rooms.plank);
});
