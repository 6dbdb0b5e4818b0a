// Class 25: a crafted image reaches a bug of the file system's parser, which runs as the kernel (apptainer CVE-2023-30549, firejail
// CVE-2021-26910).
// Rule: planks are trusted input (docs/threat-model.md), and what is not one is told as such: readPlankHeader() in
//   src/plank/header.ts before anything is mounted, plankFault() in src/host/plank-fault.ts for what the kernel says then.
// Mutation: in plankFault() return `error`. (The checks of the header alone are no wall: without them the kernel refuses what it
//   cannot read, in other words.)
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { PlankFormat, RoomError } from '../../src/index.js';
import { loopsOn } from '../helpers/host-state.js';
import { settled } from '../helpers/leftovers.js';
import { useRooms } from '../helpers/room.js';
import { smallPlank } from './helpers/small-plank.js';

const rooms = useRooms(test);

/** Numbers that look random and are the same in every run (Numerical Recipes, "quick and dirty"). */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 8;
  }
}

/** Where the kernel reads when it mounts, walks and reads; data of programs is what the rest is. */
function telling(format: PlankFormat, size: number): readonly (readonly [from: number, to: number])[] {
  if (format === 'erofs') return [[1024, 1152], [1152, Math.min(size, 24_576)], [0, size]]; // prettier-ignore
  return [[0, 96], [size - 3000, size], [96, size]]; // prettier-ignore
}

/** What the kernel has to say of itself: an oops, a warning, a lockup. */
function complaints(): string[] {
  const log = execFileSync('dmesg', { encoding: 'utf8', maxBuffer: 1 << 26 });
  const telling = /BUG:|Oops|WARNING:|general protection|soft lockup|hung task|refcount_t|KASAN|UBSAN/;
  // What a broken program of the room died of is told there as well.
  return log.split('\n').filter((line) => telling.test(line) && !line.includes('] traps: '));
}

/** Everything that a file system can be asked for, in the room that it is the root of. */
const walk = `find / -xdev -exec ls -ld {} + >/dev/null 2>&1; find / -xdev -type f -exec cat {} + 2>/dev/null | wc -c; echo over`;

const known =
  /^(over|signaled|exited|timed-out|ERR_ROOM_(PLANK_INVALID|PLANK_UNSUPPORTED|COMMAND_NOT_FOUND|COMMAND_NOT_EXECUTABLE|LAUNCH|MOUNT_TARGET|CWD|INIT_DIED))$/;

for (const format of ['squashfs', 'erofs'] as const)
  test(`100 ${format} planks with flipped bits make a typed error or a room, and the kernel is well`, async (t) => {
    const before = complaints();
    const random = numbers(format.length);
    const whole = await readFile(await smallPlank(rooms.directory, undefined, { format, compression: format === 'squashfs' ? 'lz4' : 'none' })); // prettier-ignore
    const parts = telling(format, whole.length);
    const endings = new Map<string, number>();
    const one = async (round: number): Promise<void> => {
      const broken = Buffer.from(whole);
      const [from, to] = parts[round % parts.length] ?? [0, whole.length];
      for (let flips = 0; flips < 1 + (round % 4); flips++) {
        const at = from + (random.next().value % (to - from));
        broken[at] = (broken[at] ?? 0) ^ (1 << (random.next().value % 8));
      }
      const plank = join(rooms.directory, `flip-${round}.${format}`);
      await writeFile(plank, broken);
      const ending = await rooms.anchor.run({ plank, command: ['sh', '-c', walk], lifetime: '3s' }).then(
        ({ stdout, outcome }) => (stdout.endsWith('over\n') ? 'over' : outcome.reason),
        (error: unknown) => (error as RoomError).code,
      );
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    };
    for (let round = 0; round < 100; round += 4)
      await Promise.all([0, 1, 2, 3].map((lane) => one(round + lane)));
    t.log(JSON.stringify(Object.fromEntries(endings)));
    t.deepEqual(
      [...endings.keys()].filter((ending) => !known.test(ending)),
      [],
    );
    t.true((endings.get('ERR_ROOM_PLANK_INVALID') ?? 0) > 10);
    t.true((endings.get('over') ?? 0) > 10, 'and some are good enough');
    // For what no rule knows: a root that is no directory, a program that is hardly one.
    t.true((endings.get('ERR_ROOM_LAUNCH') ?? 0) < 5);
    t.deepEqual(complaints(), before);
    t.is((await rooms.anchor.run(rooms.shell('echo well'))).stdout, 'well\n');
  });

test.after.always('no image has a loop device any more', async (t) => {
  await rooms.anchor.close();
  const held = (): string[] =>
    Array.from({ length: 100 }, (_, round) => join(rooms.directory, `flip-${round}.squashfs`)).flatMap(
      (plank) => loopsOn(plank),
    );
  t.deepEqual(await settled(held), []);
});
