import test from 'ava';
import { chooseCgroup, type CgroupSubtree } from '../../src/host/cgroup.js';
import { readCgroupFacts } from '../../src/host/cgroup-facts.js';
import { madeUpFiles, type MadeUp } from './made-up-files.js';

type Tree = Record<string, MadeUp>;

const unifiedMount =
  '30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n';
const noV1 =
  '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t90\t1\nblkio\t0\t90\t1\nmemory\t0\t90\t1\npids\t0\t90\t1\n';

/** A cgroup directory; the root has no type. */
function directory(
  path: string,
  options: Partial<Record<'type' | 'controllers' | 'enabled' | 'procs', string>>,
): Tree {
  return {
    [`${path}/cgroup.controllers`]: `${options.controllers ?? 'cpuset cpu io memory hugetlb pids'}\n`,
    [`${path}/cgroup.subtree_control`]: `${options.enabled ?? ''}\n`,
    [`${path}/cgroup.procs`]: options.procs ?? '',
    ...(options.type === '' ? {} : { [`${path}/cgroup.type`]: `${options.type ?? 'domain'}\n` }),
  };
}

function host(own: string, tree: Tree, mounts = unifiedMount): Tree {
  return {
    '/proc/self/mountinfo': mounts,
    '/proc/self/cgroup': own,
    '/proc/cgroups': noV1,
    '/proc/swaps': 'Filename\n',
    '/proc/cmdline': 'quiet',
    ...tree,
  };
}

function choose(tree: Tree, options: { parent?: string; delegate?: boolean } = {}) {
  const { parent, delegate } = options;
  const facts = readCgroupFacts(madeUpFiles(tree), { pid: 42, ...(parent === undefined ? {} : { parent }) });
  return chooseCgroup(facts, delegate === undefined ? {} : { delegate });
}

function subtree(choice: ReturnType<typeof choose>): CgroupSubtree {
  if (choice.kind !== 'subtree') throw new Error(`no subtree: ${choice.reason}`);
  return choice;
}

const root = '/sys/fs/cgroup';

test('at the real root controllers are switched on and nobody moves', (t) => {
  const choice = subtree(
    choose(host('0::/\n', directory(root, { type: '', procs: '1\n42\n99\n', enabled: 'cpu' }))),
  );
  t.is(choice.parent, root);
  t.deepEqual(choice.controllers, ['cpu', 'io', 'memory', 'pids']);
  t.deepEqual(choice.preparation, { moveSelfTo: null, enable: ['io', 'memory', 'pids'] });
  t.true(choice.swap);
});

test('nothing is prepared where all controllers are on', (t) => {
  const tree = host('0::/\n', directory(root, { type: '', enabled: 'cpuset cpu io memory pids' }));
  t.is(subtree(choose(tree)).preparation, null);
});

const scope = `${root}/system.slice/run-1.scope`;
const inScope = (options: Parameters<typeof directory>[1]): Tree =>
  host('0::/system.slice/run-1.scope\n', { ...directory(root, { type: '' }), ...directory(scope, options) });

test('alone in a delegated cgroup: with consent this process moves into a leaf', (t) => {
  const choice = subtree(choose(inScope({ procs: '42\n' }), { delegate: true }));
  t.is(choice.parent, scope);
  t.deepEqual(choice.controllers, ['cpu', 'io', 'memory', 'pids']);
  t.deepEqual(choice.preparation, {
    moveSelfTo: `${scope}/anchor-main`,
    enable: ['cpu', 'io', 'memory', 'pids'],
  });
});

test('alone in a delegated cgroup: without consent nothing moves and the remedy says how to consent', (t) => {
  const choice = subtree(choose(inScope({ procs: '42\n' })));
  t.is(choice.preparation, null);
  t.deepEqual(choice.controllers, []);
  t.is(choice.missing.memory?.code, 'ERR_ROOM_CGROUP_DELEGATION');
  t.regex(choice.missing.memory?.remedy ?? '', /delegate: true/);
});

test('other processes in our cgroup cannot be moved, whatever the consent', (t) => {
  const choice = subtree(choose(inScope({ procs: '42\n43\n44\n' }), { delegate: true }));
  t.deepEqual(choice.controllers, []);
  t.regex(choice.missing.pids?.reason ?? '', /2 other processes are in it/);
  const one = subtree(choose(inScope({ procs: '42\n43\n' }), { delegate: true }));
  t.regex(one.missing.pids?.reason ?? '', /1 other process is in it/);
});

test('on a systemd host the remedy is a systemd command', (t) => {
  const choice = subtree(
    choose({ ...inScope({ procs: '1\n42\n' }), '/run/systemd/system': { kind: 'directory' } }),
  );
  t.regex(choice.missing.cpu?.remedy ?? '', /systemd-run --scope -p Delegate=yes/);
  t.regex(choice.missing.cpu?.remedy ?? '', /DelegateSubgroup=anchor-main/);
});

test('a controller that the cgroups above keep for themselves', (t) => {
  const choice = subtree(choose(inScope({ controllers: 'memory pids', procs: '42\n' }), { delegate: true }));
  t.deepEqual(choice.controllers, ['memory', 'pids']);
  t.is(choice.missing.cpu?.code, 'ERR_ROOM_CGROUP_CONTROLLER');
  t.regex(choice.missing.cpu?.reason ?? '', /do not pass it on/);
});

test('in the leaf anchor-main rooms live beside it', (t) => {
  const tree = host('0::/system.slice/a.service/anchor-main\n', {
    ...directory(root, { type: '' }),
    ...directory(`${root}/system.slice/a.service`, {}),
    ...directory(`${root}/system.slice/a.service/anchor-main`, { procs: '42\n' }),
  });
  const choice = subtree(choose(tree));
  t.is(choice.parent, `${root}/system.slice/a.service`);
  t.deepEqual(choice.preparation, { moveSelfTo: null, enable: ['cpu', 'io', 'memory', 'pids'] });
});

test('a delegated directory is used as it is', (t) => {
  const tree = inScope({ procs: '42\n43\n' });
  const rooms = `${root}/rooms`;
  const choice = subtree(
    choose({ ...tree, ...directory(rooms, { enabled: 'memory pids cpu io' }) }, { parent: rooms }),
  );
  t.is(choice.parent, rooms);
  t.is(choice.preparation, null);
  t.deepEqual(choice.controllers, ['cpu', 'io', 'memory', 'pids']);
});

test('a delegated directory that is none', (t) => {
  const choice = choose(inScope({}), { parent: '/tmp/rooms' });
  t.like(choice, { kind: 'none', code: 'ERR_ROOM_CGROUP_DELEGATION' });
});

test('a delegated directory whose common ancestor with ours is not ours to write', (t) => {
  const tree = {
    ...inScope({}),
    ...directory(`${root}/rooms`, {}),
    [`${root}/cgroup.procs`]: { text: '', readOnly: true },
  };
  const choice = choose(tree, { parent: `${root}/rooms` });
  t.like(choice, { kind: 'none', code: 'ERR_ROOM_CGROUP_DELEGATION' });
});

test('in a container with a read-only /sys/fs/cgroup', (t) => {
  const tree = host(
    '0::/\n',
    {
      ...directory(root, { procs: '1\n42\n' }),
      [root]: { kind: 'directory', readOnly: true },
      '/.dockerenv': '',
    },
    unifiedMount.replace('rw,nosuid', 'ro,nosuid'),
  );
  const choice = choose(tree);
  t.like(choice, { kind: 'none', code: 'ERR_ROOM_CGROUP_DELEGATION' });
  t.regex(choice.kind === 'none' ? choice.remedy : '', /--cgroupns=private/);
});

test('in a cgroup namespace / is not the root', (t) => {
  const choice = subtree(choose(host('0::/\n', directory(root, { procs: '42\n' })), { delegate: true }));
  t.is(choice.preparation?.moveSelfTo, `${root}/anchor-main`);
});

test('a mount that shows a part of the tree', (t) => {
  const mount = unifiedMount.replace(' / /sys', ' /docker/abc /sys');
  const inside = subtree(choose(host('0::/docker/abc\n', directory(root, { procs: '42\n' }), mount)));
  t.is(inside.parent, root);
  const below = host('0::/docker/abc/x\n', { ...directory(root, {}), ...directory(`${root}/x`, {}) }, mount);
  t.is(subtree(choose(below)).parent, `${root}/x`);
  const outside = choose(host('0::/docker/abcd\n', directory(root, {}), mount));
  t.like(outside, { kind: 'none', code: 'ERR_ROOM_CGROUP_DELEGATION' });
});

test('a cgroup outside of our namespace, and one that was removed', (t) => {
  t.like(choose(host('0::/../other\n', directory(root, { type: '' }))), { kind: 'none' });
  t.like(choose(host('0::/gone (deleted)\n', directory(root, { type: '' }))), { kind: 'none' });
});

test('a threaded cgroup', (t) => {
  const choice = choose(inScope({ type: 'domain threaded' }));
  t.like(choice, { kind: 'none', code: 'ERR_ROOM_CGROUP_DELEGATION' });
  t.regex(choice.kind === 'none' ? choice.reason : '', /threaded/);
});

const hybridMounts = `31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
38 31 0:35 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
const hybridMembership = '9:name=systemd:/\n8:pids:/\n7:blkio:/\n4:memory:/x\n1:cpu,cpuacct:/\n0::/\n';

test('a hybrid host: a subtree without limits', (t) => {
  const unified = `${root}/unified`;
  const choice = subtree(
    choose(host(hybridMembership, directory(unified, { type: '', controllers: 'hugetlb' }), hybridMounts)),
  );
  t.is(choice.parent, unified);
  t.deepEqual(choice.controllers, []);
  t.is(choice.preparation, null);
  t.is(choice.missing.memory?.reason, 'held by cgroup v1 (mounted at /sys/fs/cgroup/memory)');
  t.is(choice.missing.io?.reason, 'held by cgroup v1 (mounted at /sys/fs/cgroup/blkio)');
  t.is(choice.missing.pids?.reason, 'held by cgroup v1');
  t.is(choice.missing.cpu?.code, 'ERR_ROOM_CGROUP_HYBRID');
  t.regex(choice.missing.cpu?.remedy ?? '', /systemd\.unified_cgroup_hierarchy=1.*cgroup_no_v1=all/);
});

test('a host with v1 only, and one without any', (t) => {
  const v1 = hybridMounts.split('\n').slice(0, 4).join('\n');
  const only = choose(host(hybridMembership.replace('0::/\n', ''), {}, v1));
  t.like(only, {
    kind: 'none',
    code: 'ERR_ROOM_CGROUP_ABSENT',
    reason: 'cgroup v2 is not mounted; this host uses cgroup v1',
  });
  t.like(choose({}), { kind: 'none', code: 'ERR_ROOM_CGROUP_ABSENT', reason: 'cgroup v2 is not mounted' });
});

test('a controller that was switched off at boot, and one the kernel does not have', (t) => {
  const tree = host('0::/\n', directory(root, { type: '', controllers: 'cpu pids' }));
  const choice = subtree(
    choose({ ...tree, '/proc/cgroups': noV1.replace('memory\t0\t90\t1', 'memory\t0\t1\t0') }),
  );
  t.regex(choice.missing.memory?.reason ?? '', /cgroup_disable=/);
  t.regex(choice.missing.io?.reason ?? '', /built without/);
});

test('a mount that another one covers is not used', (t) => {
  const mounts = `${unifiedMount}50 23 0:40 / /mnt/with\\040space rw - cgroup2 none rw\n`;
  const choice = subtree(choose(host('0::/\n', directory('/mnt/with space', { type: '' }), mounts)));
  t.is(choice.parent, '/mnt/with space');
});

test('no swap accounting', (t) => {
  const tree = host('0::/\n', directory(root, { type: '' }));
  t.false(subtree(choose({ ...tree, '/proc/cmdline': 'ro swapaccount=0' })).swap);
  delete tree['/proc/swaps'];
  t.false(subtree(choose(tree)).swap);
});
