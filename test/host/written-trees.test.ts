import test from 'ava';
import { WrittenTrees } from '../../src/host/written-trees.js';

test('a directory, what lies below it, and nothing beside it', (t) => {
  const trees = new WrittenTrees(async () => true);
  trees.add('/srv/data');
  for (const path of ['/srv/data', '/srv/data/a', '/srv/data/a/b']) t.true(trees.holds(path), path);
  for (const path of ['/', '/srv', '/srv/dat', '/srv/data2', '/srv/data2/a'])
    t.false(trees.holds(path), path);
  trees.add('/');
  t.true(trees.holds('/'));
  t.true(trees.holds('/srv/other'));
});

test('those that were removed are forgotten, those that are there are not', async (t) => {
  const trees = new WrittenTrees(async (path) => !path.startsWith('/jobs/'));
  trees.add('/kept');
  for (let job = 0; job < 100_000; job++) {
    trees.add(`/jobs/${job}`);
    if (job % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  t.true(trees.size < 10_000, `${trees.size}`);
  t.true(trees.holds('/kept/a'));
});

test('one that comes back while it is looked for stays', async (t) => {
  let answer: ((there: boolean) => void) | undefined;
  const asked = new Promise<void>((resolve) => {
    trees = new WrittenTrees(async (path) => {
      if (path !== '/jobs/0') return true;
      resolve();
      return new Promise((done) => (answer = done));
    });
  });
  for (let job = 0; job < 1024; job++) trees!.add(`/jobs/${job}`);
  await asked;
  trees!.add('/jobs/0');
  answer?.(false);
  await new Promise((resolve) => setImmediate(resolve));
  t.true(trees!.holds('/jobs/0'));
});

let trees: WrittenTrees | undefined;
