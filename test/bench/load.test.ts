import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { closedLoop, isLoadRequest, openLoop } from '../../bench/lanes/load.js';
import { LoopWatch } from '../../bench/lanes/loop-watch.js';
import { parseMeminfo } from '../../bench/lanes/memory.js';

test('a closed loop has so many in flight, never more, until all have been', async (t) => {
  let flying = 0;
  let most = 0;
  const report = await closedLoop(
    async () => {
      most = Math.max(most, ++flying);
      await sleep(1);
      flying--;
      return { first: 7, exit: 9 };
    },
    { inFlight: 5, rooms: 23 },
  );
  t.is(most, 5);
  t.is(report.rooms, 23);
  t.deepEqual(report.first, { p50: 7, p95: 7, p99: 7 });
  t.true(report.milliseconds > 0);
});

test('a closed loop of few rooms starts no more than these', async (t) => {
  const report = await closedLoop(async () => ({ first: 1, exit: 1 }), { inFlight: 64, rooms: 3 });
  t.is(report.rooms, 3);
});

test('a failing room fails the load', async (t) => {
  const failing = () => Promise.reject(new Error('no room'));
  await t.throwsAsync(closedLoop(failing, { inFlight: 2, rooms: 2 }), { message: 'no room' });
});

test('an open loop asks at its gaps, and the wait of a request that was due counts', async (t) => {
  const blocking = () => {
    const until = performance.now() + 5;
    while (performance.now() < until); // as a fork does
    return Promise.resolve({ first: 5000, exit: 5000 });
  };
  const report = await openLoop(blocking, { perSecond: 1000, milliseconds: 10, gaps: [1] });
  t.is(report.rooms, 10);
  // Each is due 1 ms after the one before it and takes 5 ms: the tenth has waited for the others.
  t.true(report.first.p99 >= 5000 + 9 * 4000);
});

test('what is a request for load', (t) => {
  t.true(isLoadRequest({ inFlight: 1, rooms: 1 }));
  t.true(isLoadRequest({ perSecond: 1, milliseconds: 1, gaps: [] }));
  for (const other of [null, 'go', {}, { live: 1 }]) t.false(isLoadRequest(other));
});

test('a thread that works is seen to block, one that sleeps is not', async (t) => {
  const used = async (work: () => Promise<void>) => {
    const watch = new LoopWatch();
    await sleep(20);
    await work();
    await sleep(20);
    watch.stop();
    return watch.report();
  };
  const busy = await used(async () => {
    const begin = process.cpuUsage().user;
    while (process.cpuUsage().user - begin < 60_000);
  });
  t.true(busy.block > 20, JSON.stringify(busy));
  const idle = await used(() => sleep(60));
  t.true(idle.block < busy.block, JSON.stringify(idle));
});

test('reads what rooms make grow from /proc/meminfo', (t) => {
  const text =
    'MemTotal:       24691124 kB\nAnonPages:        100 kB\nSlab:             171128 kB\nKernelStack:        2164 kB\nPageTables:         3888 kB\n';
  t.deepEqual(parseMeminfo(text), {
    ...{
      Slab: 171128 * 1024,
      KernelStack: 2164 * 1024,
      PageTables: 3888 * 1024,
      Percpu: 0,
      AnonPages: 102400,
    },
  });
});
