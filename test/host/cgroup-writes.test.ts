import test from 'ava';
import type { CgroupChoice, CgroupSubtree } from '../../src/host/cgroup.js';
import { limitWrites, reportFiles, watchFiles } from '../../src/host/cgroup-writes.js';
import { resolveBlockDevice } from '../../src/host/block-device.js';
import type { CheckedLimits } from '../../src/spec/checked.js';
import { madeUpFiles } from './made-up-files.js';

const nothing: CheckedLimits = {
  memory: null,
  swap: null,
  cpus: null,
  cpuWeight: null,
  processes: null,
  disk: 67_108_864,
  files: 16_384,
  ioWeight: null,
  io: [],
};
const full: CgroupSubtree = {
  kind: 'subtree',
  parent: '/sys/fs/cgroup',
  controllers: ['cpu', 'io', 'memory', 'pids'],
  missing: {},
  preparation: null,
  swap: true,
};
const none: CgroupChoice = {
  kind: 'none',
  code: 'ERR_ROOM_CGROUP_ABSENT',
  reason: 'not mounted',
  remedy: 'mount it',
};
const noDevice = (): string => {
  throw new Error('not asked for');
};

test('no limits need no cgroup', (t) => {
  t.deepEqual(limitWrites(nothing, none, noDevice), []);
});

test('memory kills as a group and does not swap', (t) => {
  t.deepEqual(limitWrites({ ...nothing, memory: 1_048_576, swap: 0 }, full, noDevice), [
    { file: 'memory.oom.group', value: '1' },
    { file: 'memory.max', value: '1048576' },
    { file: 'memory.swap.max', value: '0' },
  ]);
});

test('a kernel that cannot swap', (t) => {
  const choice = { ...full, swap: false };
  const files = limitWrites({ ...nothing, memory: 4096, swap: 0 }, choice, noDevice).map(({ file }) => file);
  t.deepEqual(files, ['memory.oom.group', 'memory.max']);
  const error = t.throws(() => limitWrites({ ...nothing, memory: 4096, swap: 1 }, choice, noDevice));
  t.like(error, { code: 'ERR_ROOM_CGROUP_CONTROLLER' });
});

test('cpus become a quota of 100 ms', (t) => {
  for (const [cpus, value] of [
    [0.01, '1000 100000'],
    [0.5, '50000 100000'],
    [2, '200000 100000'],
    [0.333, '33300 100000'],
  ] as const) {
    t.deepEqual(limitWrites({ ...nothing, cpus }, full, noDevice), [{ file: 'cpu.max', value }]);
  }
});

test('the other limits', (t) => {
  const limits: CheckedLimits = {
    ...nothing,
    cpuWeight: 50,
    processes: 32,
    ioWeight: 200,
    io: [
      { device: '/dev/vda', rbps: 1000, wbps: null, riops: null, wiops: 20 },
      { device: '8:16', rbps: null, wbps: 5, riops: 6, wiops: null },
    ],
  };
  const asked: string[] = [];
  const writes = limitWrites(limits, full, (device, field) => {
    asked.push(`${field} ${device}`);
    return device === '/dev/vda' ? '254:0' : device;
  });
  t.deepEqual(writes, [
    { file: 'cpu.weight', value: '50' },
    { file: 'pids.max', value: '32' },
    { file: 'io.weight', value: '200' },
    { file: 'io.max', value: '254:0 rbps=1000 wiops=20' },
    { file: 'io.max', value: '8:16 wbps=5 riops=6' },
  ]);
  t.deepEqual(asked, ['limits.io[0].device /dev/vda', 'limits.io[1].device 8:16']);
});

test('a limit that cannot be enforced is refused, with its field, the reason and the remedy', (t) => {
  const missing = {
    code: 'ERR_ROOM_CGROUP_HYBRID',
    reason: 'held by cgroup v1',
    remedy: 'boot differently',
  } as const;
  const hybrid: CgroupSubtree = { ...full, controllers: [], missing: { memory: missing, pids: missing } };
  const error = t.throws(() => limitWrites({ ...nothing, processes: 10 }, hybrid, noDevice));
  t.like(error, {
    code: 'ERR_ROOM_CGROUP_HYBRID',
    message: "limits.processes needs the cgroup controller 'pids': held by cgroup v1",
    hint: 'boot differently',
  });
  const absent = t.throws(() => limitWrites({ ...nothing, cpus: 1 }, none, noDevice));
  t.like(absent, {
    code: 'ERR_ROOM_CGROUP_ABSENT',
    message: 'limits.cpus cannot be enforced: not mounted',
    hint: 'mount it',
  });
});

test('files follow the controllers', (t) => {
  t.deepEqual(reportFiles({ ...full, controllers: [] }), ['cpu.stat']);
  t.deepEqual(watchFiles({ ...full, controllers: [] }), []);
  t.deepEqual(watchFiles(full), ['memory.events', 'pids.events']);
  t.true(reportFiles(full).includes('memory.peak'));
  t.true(reportFiles(full).includes('io.stat'));
});

const disks = madeUpFiles({
  '/dev/sda': { kind: 'block', device: '8:0' },
  '/dev/sda1': { kind: 'block', device: '8:1' },
  '/dev/zero': { kind: 'character', device: '1:5' },
  '/sys/dev/block/8:0': { linkTo: '../../devices/pci/block/sda' },
  '/sys/dev/block/8:1': { linkTo: '../../devices/pci/block/sda/sda1' },
  '/sys/devices/pci/block/sda/dev': '8:0',
  '/sys/devices/pci/block/sda/sda1/dev': '8:1',
  '/sys/devices/pci/block/sda/sda1/partition': '1',
});

test('a disk by path and by number', (t) => {
  t.is(resolveBlockDevice('/dev/sda', 'f', disks), '8:0');
  t.is(resolveBlockDevice('8:0', 'f', disks), '8:0');
  t.is(resolveBlockDevice('08:00', 'f', disks), '8:0');
});

test('a partition is refused and its disk named', (t) => {
  const error = t.throws(() => resolveBlockDevice('/dev/sda1', 'limits.io[0].device', disks));
  t.like(error, { code: 'ERR_ROOM_CGROUP_CONTROLLER', hint: 'name its disk, /dev/sda' });
});

test('what is no disk', (t) => {
  for (const device of ['/dev/zero', '/dev/nothing', '9:9', 'sda', '8:0 rbps=max', '8:0\n8:1', '']) {
    t.throws(() => resolveBlockDevice(device, 'limits.io[0].device', disks), {
      message: /^limits\.io\[0\]\.device: /,
    });
  }
});
