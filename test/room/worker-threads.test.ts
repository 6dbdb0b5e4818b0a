import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { assertNothingLeft, standing } from '../helpers/leftovers.js';
import { library, useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 0 });

/** Runs an ES module given as text in a worker thread; `data` is what the spec is made of. */
function startWorker(source: string): Worker {
  const prelude = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { Anchor } = await import(${JSON.stringify(library)});
    const shell = (line) => ({ plank: workerData.plank, command: ['sh', '-c', line] });`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(prelude + source)}`);
  return new Worker(url, { workerData: { plank: rooms.plank } });
}

test.serial('rooms work in worker threads, several at once, and beside the main thread', async (t) => {
  t.is(await rooms.output(t, 'echo first'), 'first');
  const before = await standing(rooms.plank);
  const workers = [1, 2, 3].map((number) =>
    startWorker(`
      const anchor = await Anchor.open();
      const said = [];
      for (let round = 0; round < 5; round++)
        said.push((await anchor.run(shell('echo ${number}'))).stdout.trim());
      await anchor.close();
      parentPort.postMessage(said.join(''));`),
  );
  const messages = Promise.all(
    workers.map(async (worker) => ((await once(worker, 'message')) as string[])[0]),
  );
  const exits = Promise.all(workers.map(async (worker) => ((await once(worker, 'exit')) as number[])[0]));
  t.is(await rooms.output(t, 'echo main'), 'main');
  t.deepEqual(await messages, ['11111', '22222', '33333']);
  t.deepEqual(await exits, [0, 0, 0]);
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial('no warning of Node comes of it', async (t) => {
  const worker = startWorker(`
    const warnings = [];
    process.on('warning', ({ message }) => warnings.push(message));
    const anchor = await Anchor.open();
    for (const stdio of ['pipe', 'ignore', { pty: {} }])
      await (await anchor.spawn({ ...shell('echo unread'), stdio })).removed;
    const room = await anchor.spawn(shell('sleep 1000'));
    await (await room.exec(['echo', 'unread'])).exited;
    await anchor.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    parentPort.postMessage(warnings);`);
  t.deepEqual(await once(worker, 'message'), [[]]);
});

for (const [how, ending] of [
  ['returns', ''],
  ['calls process.exit', 'process.exit(0);'],
  ['throws', "throw new Error('on purpose');"],
] as const)
  test.serial(`a worker thread that ${how} with living rooms leaves nothing`, async (t) => {
    const before = await standing(rooms.plank);
    const worker = startWorker(`
      const anchor = await Anchor.open();
      const made = await Promise.all([1, 2, 3].map(() => anchor.spawn(shell('sleep 1000 & sleep 1000'))));
      for (const room of made) room.unref();
      parentPort.postMessage(made.length);
      ${ending}`);
    worker.on('error', (error) => t.is(error.message, 'on purpose'));
    await new Promise((resolve) => worker.once('exit', resolve));
    await assertNothingLeft(t, before, rooms.plank);
  });

test.serial('a worker thread that is terminated with living rooms leaves nothing', async (t) => {
  const before = await standing(rooms.plank);
  const worker = startWorker(`
    const anchor = await Anchor.open();
    const made = await Promise.all([1, 2, 3].map(() => anchor.spawn(shell('sleep 1000'))));
    parentPort.postMessage(made.length);`);
  await once(worker, 'message');
  await worker.terminate();
  await assertNothingLeft(t, before, rooms.plank);
});

test.serial('a worker thread that is terminated while rooms start and end leaves nothing', async (t) => {
  const before = await standing(rooms.plank);
  for (let round = 0; round < 8; round++) {
    const worker = startWorker(`
      const anchor = await Anchor.open();
      // Node leaks an fd that its thread is just taking over when it is terminated: the plank's header is read with the
      // first room, and the others have no streams.
      const brief = async (text) => (await anchor.spawn({ ...shell(text), stdio: 'ignore' })).exited;
      await brief('true');
      parentPort.postMessage('open');
      for (;;) await Promise.all([1, 2, 3, 4].map(() => brief('echo x').catch(() => {})));`);
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, round * 5));
    await worker.terminate();
  }
  await assertNothingLeft(t, before, rooms.plank);
  t.is(await rooms.output(t, 'echo still works'), 'still works');
});

test.serial('answers that a terminated worker thread can no longer take are dropped', async (t) => {
  for (let round = 0; round < 4; round++) {
    const worker = startWorker(`
      const anchor = await Anchor.open({ reserve: 0 });
      const room = await anchor.spawn({ ...shell('sleep 1000'), stdio: 'ignore' });
      // Reads /etc/passwd of the plank each time.
      const visit = async () => (await room.exec(['true'], { user: 'app', stdio: 'ignore' })).exited;
      for (let visitor = 0; visitor < 8; visitor++) (async () => { for (;;) await visit(); })();
      await visit();
      parentPort.postMessage('busy');
      // The thread is nearly always here when it is terminated; what has come meanwhile is told when it no longer can be.
      const busy = () => { for (const end = performance.now() + 20; performance.now() < end;); setImmediate(busy); };
      busy();`);
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, 50 + round));
    await worker.terminate();
  }
  t.is(await rooms.output(t, 'echo still works'), 'still works');
});
