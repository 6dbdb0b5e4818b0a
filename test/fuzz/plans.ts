import type { BlankPlan, Plan, ProcessPlan } from '../../types/plan.js';

export const processPlan: ProcessPlan = {
  argv: ['sh', '-c', 'exit'],
  env: ['PATH=/bin', 'A=b'],
  cwd: '/',
  searchPath: ['/usr/bin', '/bin'],
  uid: 0,
  gid: 0,
  groups: [0, 5],
  capabilities: 1024,
  stdio: { kind: 'streams', streams: [{ kind: 'pipe' }, { kind: 'null' }, { kind: 'fd', fd: 2 }] },
};

/** One of everything. */
export const wholePlan: Plan = {
  planVersion: 1,
  id: 'fuzz-1',
  identity: { kind: 'mapped', base: 655360, size: 65536 },
  network: { kind: 'loopback' },
  pidMax: 16384,
  kernelMounts: [
    { kind: 'dev', target: '/dev' },
    { kind: 'devpts', target: '/dev/pts', gid: 655365 },
    { kind: 'mqueue', target: '/dev/mqueue', attributes: 14 },
    { kind: 'proc', target: '/proc', attributes: 14 },
    { kind: 'mask', target: '/proc/kcore', over: 'file' },
    { kind: 'read-only', target: '/proc/sys' },
    { kind: 'sysfs', target: '/sys', attributes: 15 },
    { kind: 'cgroup', target: '/sys/fs/cgroup', attributes: 15 },
  ],
  prepared: false,
  hostname: 'room',
  root: {
    layer: null,
    lower: {
      kind: 'skeleton',
      key: 'fuzz',
      entries: [
        { kind: 'directory', path: 'etc', mode: 0o755 },
        { kind: 'link', path: 'bin', to: 'usr/bin' },
        { kind: 'file', path: 'etc/passwd', mode: 0o644, content: 'root:x:0:0::/:/bin/sh\n' },
      ],
    },
    upperBytes: 65536,
    upperInodes: 100,
    readOnly: true,
    idmap: true,
  },
  mounts: [
    {
      kind: 'bind',
      source: '/srv',
      sourceKind: 'directory',
      target: '/srv',
      attributes: 1,
      recursive: true,
      idmap: { hostUid: 1000, hostGid: 1000, roomUid: 655360, roomGid: 655360 },
    },
    {
      kind: 'bind',
      source: '/a',
      sourceKind: 'file',
      target: '/a',
      attributes: 3,
      recursive: false,
      idmap: null,
    },
    { kind: 'tmpfs', target: '/tmp', bytes: 65536, mode: 0o1777, attributes: 6 },
  ],
  cgroup: {
    parent: '/sys/fs/cgroup/a',
    leaf: 'fuzz-1',
    writes: [{ file: 'pids.max', value: '10' }],
    report: ['memory.events'],
    watch: ['pids.events'],
  },
  rlimits: [{ resource: 7, soft: 1024, hard: -1 }],
  seccomp: new Uint8Array(16),
  capabilities: 1024,
  process: processPlan,
  forksAhead: false,
  lifetime: 1000,
};

export const blankPlan: BlankPlan = {
  planVersion: 1,
  id: 'fuzz-2',
  identity: { kind: 'host' },
  network: { kind: 'loopback' },
  pidMax: null,
  kernelMounts: [{ kind: 'dev', target: '/dev' }],
  cgroup: { parent: '/sys/fs/cgroup/a', leaf: 'fuzz-2' },
  upperBytes: 65536,
  upperInodes: 100,
};
