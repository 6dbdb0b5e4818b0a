import test from 'ava';
import type { CgroupSubtree } from '../../src/host/cgroup.js';
import { prepareCgroup, type CgroupFiles } from '../../src/host/cgroup-prepare.js';

const choice: CgroupSubtree = {
  kind: 'subtree',
  parent: '/cg/own',
  controllers: ['cpu', 'memory', 'pids'],
  missing: {},
  preparation: { moveSelfTo: '/cg/own/anchor-main', enable: ['cpu', 'memory', 'pids'] },
  swap: true,
};

/** Notes what is done; `refuse` names what fails and how. */
function recorder(refuse: Readonly<Record<string, string>> = {}): CgroupFiles & { done: string[] } {
  const done: string[] = [];
  const act = (what: string): Promise<void> => {
    const code = refuse[what];
    if (code !== undefined) return Promise.reject(Object.assign(new Error(`${code}: ${what}`), { code }));
    done.push(what);
    return Promise.resolve();
  };
  return {
    done,
    write: (path, text) => act(`${path}=${text}`),
    makeDirectory: (path) => act(`mkdir ${path}`),
    removeDirectory: (path) => act(`rmdir ${path}`),
  };
}

const moved = ['mkdir /cg/own/anchor-main', '/cg/own/anchor-main/cgroup.procs=7'];
const movedBack = ['/cg/own/cgroup.procs=7', 'rmdir /cg/own/anchor-main'];
const control = '/cg/own/cgroup.subtree_control';

test('moves, switches on, and undoes it in the opposite order', async (t) => {
  const files = recorder();
  const prepared = await prepareCgroup(choice, 7, files);
  t.deepEqual(prepared.choice, { ...choice, preparation: null });
  t.deepEqual(files.done.splice(0), [...moved, `${control}=+cpu`, `${control}=+memory`, `${control}=+pids`]);
  await prepared.undo();
  t.deepEqual(files.done.splice(0), [
    `${control}=-pids`,
    `${control}=-memory`,
    `${control}=-cpu`,
    ...movedBack,
  ]);
  await prepared.undo();
  t.deepEqual(files.done, []);
});

test('one controller that refuses leaves the others', async (t) => {
  const files = recorder({ [`${control}=+cpu`]: 'EINVAL' });
  const { choice: result } = await prepareCgroup(choice, 7, files);
  t.like(result, { controllers: ['memory', 'pids'], preparation: null });
  t.regex(result.kind === 'subtree' ? (result.missing.cpu?.reason ?? '') : '', /\+cpu.*EINVAL/);
});

test('when all refuse this process moves back', async (t) => {
  const files = recorder(
    Object.fromEntries(['cpu', 'memory', 'pids'].map((name) => [`${control}=+${name}`, 'EBUSY'])),
  );
  const { choice: result } = await prepareCgroup(choice, 7, files);
  t.like(result, { kind: 'subtree', controllers: [] });
  t.deepEqual(files.done, [...moved, ...movedBack]);
});

test('a move that fails removes the leaf', async (t) => {
  const files = recorder({ '/cg/own/anchor-main/cgroup.procs=7': 'EACCES' });
  const { choice: result } = await prepareCgroup(choice, 7, files);
  t.like(result, { kind: 'subtree', controllers: [] });
  t.deepEqual(files.done, ['mkdir /cg/own/anchor-main', 'rmdir /cg/own/anchor-main']);
});

test('a leaf that is left over is used and left', async (t) => {
  const files = recorder({ 'mkdir /cg/own/anchor-main': 'EEXIST' });
  const prepared = await prepareCgroup(choice, 7, files);
  await prepared.undo();
  t.false(files.done.includes('rmdir /cg/own/anchor-main'));
  t.true(files.done.includes('/cg/own/cgroup.procs=7'));
});

test('undo never fails', async (t) => {
  const files = recorder({ [`${control}=-memory`]: 'EBUSY', '/cg/own/cgroup.procs=7': 'EBUSY' });
  const prepared = await prepareCgroup(choice, 7, files);
  await t.notThrowsAsync(prepared.undo());
});

test('nothing to prepare, nothing is done', async (t) => {
  const files = recorder();
  const none = { kind: 'none', code: 'ERR_ROOM_CGROUP_ABSENT', reason: '', remedy: '' } as const;
  t.is((await prepareCgroup(none, 7, files)).choice, none);
  const ready = { ...choice, preparation: null };
  t.is((await prepareCgroup(ready, 7, files)).choice, ready);
  t.deepEqual(files.done, []);
});
