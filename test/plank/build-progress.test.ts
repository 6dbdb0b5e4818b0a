import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { buildPlank } from '../../src/plank/build.js';
import type { PlankProgress } from '../../src/plank/progress.js';
import { scratch } from '../helpers/image.js';
import { standardInput, startBuild } from './build-process.js';
import { tar, tree } from './build-tree.js';

test('progress rises, phase by phase', async (t) => {
  const out = await scratch(t);
  const source = join(out, 'x.tar');
  await writeFile(source, tar(await tree(t), '.'));
  const seen: PlankProgress[] = [];
  await buildPlank(
    { source, output: join(out, 'x.sqsh') },
    { onProgress: (progress) => seen.push(progress) },
  );
  t.deepEqual([...new Set(seen.map(({ phase }) => phase))], ['unpack', 'pack', 'sync', 'digest']);
  for (const phase of ['unpack', 'pack', 'digest']) {
    const percents = seen
      .filter((progress) => progress.phase === phase)
      .map(({ percent }) => percent as number);
    t.deepEqual(
      percents,
      [...new Set(percents)].sort((a, b) => a - b),
      phase,
    );
    t.is(percents[0], 0);
    t.is(percents.at(-1), 100);
  }
});

test('an error of the progress listener ends the build', async (t) => {
  const out = await scratch(t);
  const source = await tree(t);
  const onProgress = ({ phase, percent }: PlankProgress) => {
    if (phase === 'pack' && percent !== 0) throw new Error('enough');
  };
  await t.throwsAsync(buildPlank({ source, output: join(out, 'x.sqsh') }, { onProgress }), {
    message: 'enough',
  });
  t.deepEqual(await readdir(out), []);
});

test('an abort leaves nothing, in any phase', async (t) => {
  const archive = tar(await tree(t), '.');
  for (const at of ['unpack', 'pack', 'sync']) {
    const out = await scratch(t);
    const temporary = await scratch(t);
    const controller = new AbortController();
    const onProgress = ({ phase }: PlankProgress) => {
      if (phase === at) controller.abort(new Error(`at ${at}`));
    };
    const source = Readable.from([archive]);
    const build = buildPlank(
      { source, output: join(out, 'x.sqsh'), temporary },
      { onProgress, signal: controller.signal },
    );
    // What is complete is not thrown away: in the last phase an abort comes too late.
    if (at === 'sync') await build;
    else await t.throwsAsync(build, { message: `at ${at}` });
    t.deepEqual(await readdir(out), at === 'sync' ? ['x.sqsh'] : [], at);
    t.deepEqual(await readdir(temporary), [], at);
  }
});

test('an abort does not wait for a stream that has nothing to give', async (t) => {
  const begun = tar(await tree(t), '.').subarray(0, 20_000);
  for (const [delay, first] of [[0], [1], [3], [200], [0, begun], [200, begun]] as const) {
    const [out, temporary] = [await scratch(t), await scratch(t)];
    const source = new PassThrough();
    if (first) source.write(first);
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    setTimeout(() => {
      controller.abort(reason);
    }, delay);
    const { signal } = controller;
    const error = await t.throwsAsync(buildPlank({ source, output: join(out, 'x'), temporary }, { signal }));
    t.is(error, reason);
    t.true(source.destroyed);
    t.deepEqual([await readdir(out), await readdir(temporary)], [[], []]);
  }
});

test.serial('a build listens to signals only while it runs', async (t) => {
  const request = { source: await tree(t), output: join(await scratch(t), 'x') };
  const count = () => ['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => process.listenerCount(name));
  const before = count();
  const builds = [buildPlank(request), buildPlank(request), buildPlank({ ...request, source: '/absent' })];
  t.deepEqual(count(), [1, 1, 1]);
  await Promise.allSettled(builds);
  t.deepEqual(count(), before);
});

test('a signal that ends the process leaves nothing either', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const [out, temporary] = [await scratch(t), await scratch(t)];
    const child = startBuild({ source: standardInput, output: join(out, 'x.sqsh'), temporary });
    child.stdin.write(tar(await tree(t), '.').subarray(0, 50_000));
    const ended = once(child, 'exit');
    while (!(await readdir(temporary, { recursive: true })).includes(await oneFile(temporary)))
      await sleep(20);
    child.kill(signal);
    t.deepEqual(await ended, [null, signal]);
    t.deepEqual([await readdir(out), await readdir(temporary)], [[], []]);
  }
});

/** The name of something that was unpacked, or of nothing. */
async function oneFile(temporary: string): Promise<string> {
  const names = await readdir(temporary, { recursive: true });
  return names.find((name) => name.includes('tree/')) ?? '\0';
}
