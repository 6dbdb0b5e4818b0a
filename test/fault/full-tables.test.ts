// The descriptor table of the program is full while it makes rooms, or that of the threads which make them.
import test from 'ava';
import { runFresh } from '../helpers/fresh-process.js';
import { library, useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 0 });
const leftovers = new URL('../helpers/leftovers.js', import.meta.url).href;

/** A program that takes every descriptor but `spare`, makes rooms, gives all back and makes another one. */
function program(spare: number): string {
  return `
    import { closeSync, openSync } from 'node:fs';
    import { Anchor, RoomError } from ${JSON.stringify(library)};
    import { leftSince, standing } from ${JSON.stringify(leftovers)};
    const plank = ${JSON.stringify(rooms.plank)};
    const spec = { plank, command: ['echo', 'fine'] };
    // The first stream of a Node takes a descriptor for ever.
    const first = await Anchor.open({ reserve: 0 });
    await first.run(spec);
    await first.close();
    const before = await standing(plank);
    const anchor = await Anchor.open({ reserve: 0 });
    await anchor.run(spec);
    const taken = [];
    try {
      for (;;) taken.push(openSync('/dev/null', 'r'));
    } catch (error) {
      if (error.code !== 'EMFILE') throw error;
    }
    for (const fd of taken.splice(0, ${spare})) closeSync(fd);
    const ends = await Promise.allSettled([1, 2, 3, 4].map(() => anchor.run(spec)));
    for (const fd of taken) closeSync(fd);
    const told = ends.map(({ value, reason }) =>
      value !== undefined ? value.stdout.trim() : reason instanceof RoomError ? [reason.step, reason.syscall, reason.errno].join(' ') : String(reason),
    );
    const next = (await anchor.run(spec)).stdout.trim();
    await anchor.close();
    process.stdout.write(JSON.stringify({ told, next, left: await leftSince(before, plank) }));`;
}

for (const spare of [0, 1, 2, 3, 5, 8, 12]) {
  test.serial(`${spare} descriptors are free: rooms run or are refused for want of them`, async (t) => {
    const { stdout, stderr, code, signal } = await runFresh(program(spare), { timeout: 120_000 });
    t.is(code, 0, `${String(signal)} ${stderr}`);
    const { told, next, left } = JSON.parse(stdout) as { told: string[]; next: string; left: string[] };
    t.log(told.join(', '));
    t.deepEqual(
      told.filter((text) => text !== 'fine' && !/ -24$/.test(text)),
      [],
    );
    t.is(next, 'fine');
    t.deepEqual(left, []);
  });
}
