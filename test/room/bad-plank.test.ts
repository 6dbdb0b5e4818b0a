import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { RoomError } from '../../src/index.js';
import { assertNothingLeft, standing } from '../helpers/leftovers.js';
import { often, useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 0 });

async function refusal(t: ExecutionContext, plank: string, more = {}): Promise<RoomError> {
  const before = await standing(plank);
  const error = await t.throwsAsync(rooms.anchor.spawn({ plank, command: ['true'], ...more }));
  await assertNothingLeft(t, before, plank);
  return error as RoomError;
}

async function file(name: string, content: Uint8Array | string): Promise<string> {
  const path = join(rooms.directory, name);
  await writeFile(path, content);
  return path;
}

test.serial.before('the plank is in use', async (t) => {
  await rooms.output(t, 'true');
});

test.serial('a plank that is not there', async (t) => {
  const path = join(rooms.directory, 'missing.sqsh');
  const error = await refusal(t, path);
  t.is(error.code, 'ERR_ROOM_PLANK_NOT_FOUND');
  t.is(error.path, path);
  t.is((await refusal(t, `${rooms.plank}/below`)).code, 'ERR_ROOM_PLANK_NOT_FOUND');
  await symlink('nowhere.sqsh', join(rooms.directory, 'dangling.sqsh'));
  t.is((await refusal(t, join(rooms.directory, 'dangling.sqsh'))).code, 'ERR_ROOM_PLANK_NOT_FOUND');
});

test.serial('a directory, a device, an empty file, text and an archive are no planks', async (t) => {
  const directory = join(rooms.directory, 'directory.sqsh');
  await mkdir(directory);
  for (const path of [
    directory,
    '/dev/zero',
    await file('empty.sqsh', ''),
    await file('short.sqsh', 'hsqs'),
    await file('text.sqsh', 'no plank '.repeat(1000)),
    await file('archive.sqsh', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(5000)])),
  ]) {
    const error = await refusal(t, path);
    t.is(error.code, 'ERR_ROOM_PLANK_INVALID', `${path}: ${error.message}`);
    t.is(error.path, path);
  }
});

test.serial('a plank that is cut off anywhere', async (t) => {
  const whole = await readFile(rooms.plank);
  for (const share of [0.01, 0.5, 0.9, 0.999]) {
    const path = await file(`cut-${share}.sqsh`, whole.subarray(0, Math.floor(whole.length * share)));
    t.is((await refusal(t, path)).code, 'ERR_ROOM_PLANK_INVALID', String(share));
  }
});

test.serial('a plank of the wrong magic, version or block size', async (t) => {
  const whole = await readFile(rooms.plank);
  for (const [offset, value] of [
    [0, 0],
    [12, 0xff],
    [22, 0xff],
    [28, 9],
    [48, 0xff],
  ] as const) {
    const broken = Buffer.from(whole);
    broken[offset] = value;
    const { code } = await refusal(t, await file(`field-${offset}.sqsh`, broken));
    t.regex(code, /^ERR_ROOM_PLANK_(INVALID|UNSUPPORTED)$/, String(offset));
  }
});

test.serial('a plank with flipped bits is refused or makes a room, and nothing else happens', async (t) => {
  const whole = await readFile(rooms.plank);
  const codes = new Set<string>();
  for (let round = 0; round < often(60); round++) {
    const broken = Buffer.from(whole);
    // A third in the superblock, the rest in the tables at the end: what mounting reads.
    const at = round % 3 === 0 ? (round * 7) % 96 : whole.length - 1 - ((round * 977) % 4000);
    broken[at] = (broken[at] ?? 0) ^ (1 << (round % 8));
    const plank = await file(`flip-${round}.sqsh`, broken);
    const before = await standing(plank);
    try {
      const { outcome } = await rooms.anchor.run({ plank, command: ['true'], lifetime: '20s' });
      codes.add(outcome.reason);
    } catch (error) {
      codes.add((error as RoomError).code);
    }
    t.true((await standing(plank)).loops.length <= before.loops.length + 1);
  }
  const known =
    /^(exited|signaled|ERR_ROOM_(PLANK_INVALID|PLANK_UNSUPPORTED|COMMAND_NOT_FOUND|COMMAND_NOT_EXECUTABLE|LAUNCH|MOUNT_TARGET))$/;
  t.deepEqual(
    [...codes].filter((code) => !known.test(code)),
    [],
  );
  t.true(codes.has('ERR_ROOM_PLANK_INVALID'));
});

test.serial('a plank of another digest than the spec says', async (t) => {
  const digest = createHash('sha256')
    .update(await readFile(rooms.plank))
    .digest('hex');
  const spec = { plank: rooms.plank, command: ['true'] };
  const { outcome } = await rooms.anchor.run({ ...spec, plankDigest: `sha256:${digest}` });
  t.is(outcome.exitCode, 0);
  const error = await refusal(t, rooms.plank, { plankDigest: `sha256:${'0'.repeat(64)}` });
  t.is(error.code, 'ERR_ROOM_PLANK_DIGEST');
  t.true(error.message.includes(digest));
});

test.serial('a plank that is replaced by another is the other one from then on', async (t) => {
  const first = await file('replaced.sqsh', await readFile(rooms.plank));
  t.is((await rooms.anchor.run({ plank: first, command: ['true'] })).outcome.exitCode, 0);
  await rename(await file('replacement.sqsh', 'not a plank'), first);
  const error = await t.throwsAsync(rooms.anchor.spawn({ plank: first, command: ['true'] }));
  t.is((error as RoomError).code, 'ERR_ROOM_PLANK_INVALID');
});
