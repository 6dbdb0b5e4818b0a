/**
 * Class 1: the room opens the program of the host that started it, and overwrites it (CVE-2019-5736, CVE-2016-9962).
 *
 * Rule: what runs in a room before its command is a sealed copy in memory, never a file of the host: SealInit() in
 * native/launch/init_copy.cc, executed by descriptor. It cannot be read or traced: PR_SET_DUMPABLE 0 in Begin()
 * (native/init/assemble/begin.cc) and in Child() (native/init/run.cc).
 * Mutation: SealInit(): keep the file instead of the copy, `workshop.init = std::move(file); return true;` right after fstat.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import test from 'ava';
import type { Room } from '../../src/index.js';
import { lines, useRooms } from '../helpers/room.js';
import { digestOf } from './helpers/canary.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);
const identities = ['mapped', 'host'] as const;

/** Hashes of the programs that make rooms, and of the room-init that the kernel runs for this one. */
const runtime = (room: Room): string[] =>
  [
    process.execPath,
    'build/Release/anchor_rooms.node',
    'build/Release/room-init',
    `/proc/${room.pid}/exe`,
  ].map(digestOf);

/**
 * Starts the same file in a room again and again, as judges and agents do, while a program of the room looks at every new
 * process. The file is one whose interpreter is whatever executes it. Answers what the program said.
 */
async function startWatched(room: Room, mode: 'change' | 'disturb', most: number): Promise<string[]> {
  await room.files.write('/tmp/again', '#!/proc/self/exe\n', { mode: 0o755 });
  const spy = await room.exec(['overwrite-runtime', mode]);
  let said = '';
  spy.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const end = once(spy.stdout!, 'end');
  await once(spy.stdout!, 'data');
  for (let round = 0; round < most && !said.endsWith('end\n'); round++) {
    const started = await room.exec(['/tmp/again']).catch(() => null);
    // room-init without a socket may wait for one.
    started?.kill('SIGKILL');
    await started?.exited;
  }
  await room.files.write('/tmp/stop', '');
  await end;
  return lines(said);
}

for (const identity of identities)
  test.serial(`a room with identity ${identity} cannot write to what starts its processes`, async (t) => {
    const plank = await hostilePlank(t, { programs: ['overwrite-runtime'] });
    const room = await rooms.anchor.spawn({ plank, command: ['sleep', '1000'], identity });
    t.teardown(() => room.destroy());
    const before = runtime(room);
    const said = await startWatched(room, 'change', 500);
    const expected = ['ready', 'REACHED /memfd:room-init (deleted)', 'end'];
    t.deepEqual(
      said.filter((line) => !expected.includes(line)),
      [],
    );
    t.is(said.at(-1), 'end');
    t.deepEqual(runtime(room), before);
    t.is(before[2], before[3], 'it is a copy of room-init');
  });

// The copy is one file for all rooms of an Anchor. Its mode is 0111: whoever comes across it can execute it and not open it,
// and what runs from a file that cannot be read is not dumpable from its first instruction on.
for (const identity of identities)
  test.serial(`a room with identity ${identity} cannot lock or disable what starts others`, async (t) => {
    const plank = await hostilePlank(t, { programs: ['overwrite-runtime'] });
    const room = await rooms.anchor.spawn({ plank, command: ['sleep', '1000'], identity });
    t.teardown(() => room.destroy());
    const { mode } = statSync(`/proc/${room.pid}/exe`);
    const said = await startWatched(room, 'disturb', 2000);
    t.deepEqual(
      said.filter((line) => line.startsWith('DID')),
      [],
    );
    t.is(statSync(`/proc/${room.pid}/exe`).mode, mode);
    await t.notThrowsAsync(rooms.anchor.run(rooms.spec(['true'])));
  });
