import test from 'ava';
import { startFresh } from '../helpers/fresh-process.js';
import { belongingsOf, remainsOf, settled } from '../helpers/leftovers.js';
import { library, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

/** A program that opens an Anchor and has `count` rooms, says so in a line, and then does `ending`. */
function program(count: number, ending: string): string {
  return `
    import { once } from 'node:events';
    import { Anchor } from ${JSON.stringify(library)};
    const anchor = await Anchor.open();
    const shell = (line) => ({ plank: ${JSON.stringify(rooms.plank)}, command: ['sh', '-c', line] });
    const made = await Promise.all(Array.from({ length: ${count} }, () => anchor.spawn(shell('sleep 1000 & sleep 1000'))));
    const told = once(process, 'SIGUSR2');
    console.log('ready');
    await told;
    ${ending}`;
}

for (const [title, ending, code, signal] of [
  ['process.exit()', 'process.exit(7);', 7, null],
  ['an uncaught exception', "throw new Error('on purpose');", 1, null],
  ['an unhandled rejection', "Promise.reject(new Error('on purpose'));", 1, null],
  ['process.abort()', 'process.abort();', null, 'SIGABRT'],
  ['an empty event loop, with rooms that were unref()ed', 'for (const room of made) room.unref();', 0, null],
  ['SIGTERM', 'setInterval(() => {}, 1e6); process.kill(process.pid, "SIGTERM");', null, 'SIGTERM'],
] as const)
  test.serial(`a program that ends by ${title} leaves nothing`, async (t) => {
    const { pid, line, ended, child } = startFresh(program(3, ending));
    t.is(await line(), 'ready');
    const had = belongingsOf(pid, rooms.plank);
    t.true(had.processes.size >= 6, [...had.processes.values()].join());
    t.true(had.loops.length > 0);
    child.kill('SIGUSR2');
    const result = await ended;
    t.deepEqual({ code: result.code, signal: result.signal }, { code, signal }, result.stderr);
    t.deepEqual(await settled(() => remainsOf({ ...had, plank: `${rooms.plank}-` })), []);
  });

test.serial('an Anchor without rooms does not keep its program alive', async (t) => {
  const source = `
    import { Anchor } from ${JSON.stringify(library)};
    const anchor = await Anchor.open();
    const { outcome } = await anchor.run({ plank: ${JSON.stringify(rooms.plank)}, command: ['true'] });
    console.log(outcome.reason);`;
  const { line, ended } = startFresh(source);
  t.is(await line(), 'exited');
  t.is((await ended).code, 0);
});

test.serial('a living room keeps its program alive, until unref()', async (t) => {
  const source = `
    import { Anchor } from ${JSON.stringify(library)};
    const anchor = await Anchor.open();
    const room = await anchor.spawn({ plank: ${JSON.stringify(rooms.plank)}, command: ['sh', '-c', 'sleep 0.3; exit 4'], stdio: 'ignore' });
    room.exited.then(({ exitCode }) => console.log('told', exitCode));`;
  const held = await startFresh(source).ended;
  t.is(held.stdout, 'told 4\n', held.stderr);
  const released = await startFresh(`${source} room.unref();`).ended;
  t.is(released.stdout, '');
  const again = await startFresh(`${source} room.unref(); room.ref();`).ended;
  t.is(again.stdout, 'told 4\n');
});

test.serial('a program that ends while rooms are being made leaves nothing', async (t) => {
  for (let round = 0; round < 8; round++) {
    const source = `
      import { Anchor } from ${JSON.stringify(library)};
      const anchor = await Anchor.open();
      const spec = { plank: ${JSON.stringify(rooms.plank)}, command: ['sleep', '1000'] };
      for (let at = 0; at < 20; at++) anchor.spawn(spec).catch(() => {});
      setTimeout(() => process.exit(0), ${round * 3});`;
    const { pid, ended } = startFresh(source);
    t.is((await ended).code, 0);
    const none = { pid, plank: `${rooms.plank}-`, processes: new Map(), namespaces: new Set<string>() };
    t.deepEqual(await settled(() => remainsOf({ ...none, cgroups: [], loops: [] })), []);
  }
});
