// The program's table of descriptors is full when a room ends: why it ended is in files of its cgroup, which have to be opened.
import test from 'ava';
import { runFresh } from '../../helpers/fresh-process.js';
import { library } from '../../helpers/room.js';
import { planks } from '../../helpers/vm-guest.js';

const leftovers = new URL('../../helpers/leftovers.js', import.meta.url).href;

const program = `
  import { closeSync, openSync } from 'node:fs';
  import { Anchor } from ${JSON.stringify(library)};
  import { leftSince, standing } from ${JSON.stringify(leftovers)};
  const plank = ${JSON.stringify(planks.squashfs)};
  const shell = (line, more = {}) => ({ plank, command: ['/bin/sh', '-c', line], ...more });
  // The first streams of a Node take descriptors for ever.
  const first = await Anchor.open({ reserve: 0 });
  await first.run(shell('echo fine'));
  await first.close();
  const before = await standing(plank);
  const anchor = await Anchor.open({ reserve: 0 });
  const cases = [
    ['read go; hog 256', { memory: '32MiB' }],
    ['read go; bomb', { processes: 20 }],
  ];
  // A stream that ends with its room would give a descriptor back.
  const stdio = ['pipe', 'ignore', 'ignore'];
  const rooms = await Promise.all(cases.map(([line, limits]) => anchor.spawn(shell(line, { limits, stdio }))));
  const inputs = rooms.map((room) => room.stdin);
  const heard = [];
  anchor.on('limit', (room, { hit }) => heard.push(hit.limit));
  const taken = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
  }
  for (const input of inputs) input.write('go\\n');
  const outcomes = await Promise.all(rooms.map((room) => room.exited));
  for (const fd of taken) closeSync(fd);
  for (const room of rooms) if ((await room.removed) !== null) throw await room.removed;
  const next = (await anchor.run(shell('echo fine'))).stdout;
  await anchor.close();
  const told = outcomes.map(({ reason, usage }) => [reason, usage.cpuUser !== null, usage.processesPeak > 1]);
  process.stdout.write(JSON.stringify({ told, heard, next, left: await leftSince(before, plank) }));`;

test('a room that ends while no descriptor is free has its reason and its usage', async (t) => {
  const { stdout, stderr, code } = await runFresh(program, { timeout: 300_000 });
  t.is(code, 0, stderr);
  const { told, heard, next, left } = JSON.parse(stdout) as Record<string, unknown>;
  t.deepEqual(told, [
    ['out-of-memory', true, true],
    ['too-many-processes', true, true],
  ]);
  t.deepEqual([...new Set(heard as string[])].sort(), ['memory', 'processes']);
  t.is(next, 'fine\n');
  t.deepEqual(left, []);
});
