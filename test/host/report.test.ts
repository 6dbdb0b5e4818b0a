import test from 'ava';
import { kernelFeatures } from '../../src/host/kernel-features.js';
import { explainPermission } from '../../src/host/permission.js';
import { readProcessFacts, type ProcessFacts } from '../../src/host/process-facts.js';
import { hostReport } from '../../src/host/report.js';
import { readSurroundings } from '../../src/host/surroundings.js';
import { madeUpFiles, type MadeUp } from './made-up-files.js';

const rootHost: Record<string, MadeUp> = {
  '/proc/self/status': 'Name:\tnode\nCapEff:\t000001ffffffffff\nSeccomp:\t0\nSeccomp_filters:\t0\n',
  '/proc/self/uid_map': '         0          0 4294967295\n',
  '/proc/sys/kernel/osrelease': '6.18.1\n',
  '/proc/sys/user/max_user_namespaces': '15000\n',
  '/proc/filesystems': 'nodev\toverlay\n\tsquashfs\n\terofs\n',
  '/dev/loop-control': { kind: 'character' },
  '/usr/bin/mksquashfs': { kind: 'file', mode: 0o755 },
  '/usr/bin/unsquashfs': { kind: 'file', mode: 0o644 },
};

const factsOf = (tree: Record<string, MadeUp> = {}, uid = 0): ProcessFacts =>
  readProcessFacts(madeUpFiles({ ...rootHost, ...tree }), { uid, searchPath: '.::/bin:/usr/bin' });

const status = (capabilities: string, seccomp: number): string =>
  `CapEff:\t${capabilities}\nSeccomp:\t${seccomp}\nSeccomp_filters:\t${seccomp === 2 ? 1 : 0}\n`;

test('facts of root on an ordinary host', (t) => {
  const facts = factsOf();
  t.like(facts, {
    kernel: '6.18.1',
    surroundings: 'plain',
    seccompFilters: 0,
    nestedUserNamespace: false,
    maxUserNamespaces: 15_000,
    unprivilegedUserNamespaces: null,
    appArmorProfile: null,
    loopControl: true,
    fileSystems: ['overlay', 'squashfs', 'erofs'],
  });
  t.is(facts.capabilities.length, 41);
  t.deepEqual(facts.tools, { mksquashfs: '/usr/bin/mksquashfs', unsquashfs: null, 'mkfs.erofs': null });
});

test('facts of a process that has little', (t) => {
  const facts = factsOf({
    '/proc/self/status': 'CapEff:\t00000000a80425fb\nSeccomp:\t2\n',
    '/proc/self/uid_map': '0 100000 65536\n',
    '/proc/self/attr/apparmor/current': 'docker-default (enforce)\n',
    '/proc/sys/kernel/unprivileged_userns_clone': '0\n',
  });
  t.true(facts.capabilities.includes('CHOWN'));
  t.false(facts.capabilities.includes('SYS_ADMIN'));
  t.like(facts, {
    seccompFilters: 1,
    nestedUserNamespace: true,
    appArmorProfile: 'docker-default (enforce)',
    unprivilegedUserNamespaces: false,
  });
});

test('nothing can be read', (t) => {
  const facts = readProcessFacts(madeUpFiles({}), { uid: 1000, searchPath: '' });
  t.like(facts, { kernel: 'unknown', surroundings: 'plain', capabilities: [], maxUserNamespaces: null });
});

for (const [name, tree] of Object.entries({
  docker: { '/.dockerenv': '' },
  podman: { '/run/.containerenv': '', '/.dockerenv': '' },
  lxc: { '/proc/1/environ': 'a=b\0container=lxc\0' },
  kubernetes: { '/proc/self/cgroup': '0::/kubepods.slice/x\n', '/.dockerenv': '' },
  gvisor: { '/proc/version': 'Linux version 4.4.0 (gVisor)', '/.dockerenv': '' },
  systemd: { '/run/systemd/system': { kind: 'directory' }, '/.dockerenv': '' },
  plain: { '/proc/self/cgroup': '0::/lxcthing\n' },
}) as [string, Record<string, MadeUp>][]) {
  test(`surroundings: ${name}`, (t) => {
    t.is(readSurroundings(madeUpFiles(tree)), name as ReturnType<typeof readSurroundings>);
  });
}

const all = '000001ffffffffff';
const dockers = '00000000a80425fb';
const docker = { '/.dockerenv': '' };

const refusals: [string, Record<string, MadeUp>, { syscall: string; errno: number; path?: string }, string | null][] = [
  ['no rights', { '/proc/self/status': status('0', 0) }, { syscall: 'fsopen', errno: 1 }, 'capabilities'],
  ['Docker', { ...docker, '/proc/self/status': status(dockers, 2) }, { syscall: 'unshare', errno: 1 }, 'capabilities'],
  ['clone3 under a filter', { '/proc/self/status': status(all, 2) }, { syscall: 'clone3', errno: 38 }, 'seccomp'],
  ['mount under a filter', { '/proc/self/status': status(all, 2) }, { syscall: 'fsopen', errno: 1 }, 'seccomp'],
  ['a profile', { '/proc/self/attr/apparmor/current': 'p' }, { syscall: 'move_mount', errno: 13 }, 'apparmor'],
  ['a switch of Ubuntu', { '/proc/self/status': status('0', 0), '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1' }, { syscall: 'fsopen', errno: 13 }, 'apparmor'],
  ['a switch of Debian', { '/proc/self/status': status('0', 0), '/proc/sys/kernel/unprivileged_userns_clone': '0' }, { syscall: 'unshare', errno: 1 }, 'sysctl'],
  ['user namespaces off', { '/proc/sys/user/max_user_namespaces': '0' }, { syscall: 'clone3', errno: 28 }, 'sysctl'],
  ['too many', {}, { syscall: 'unshare', errno: 28 }, 'namespace-limit'],
  ['a full disk', {}, { syscall: 'write', errno: 28 }, null],
  ['memfd', { '/proc/sys/vm/memfd_noexec': '2' }, { syscall: 'execveat', errno: 13 }, 'sysctl'],
  ['not executable', {}, { syscall: 'execve', errno: 13, path: '/bin/x' }, 'file-mode'],
  ['file capabilities', {}, { syscall: 'execve', errno: 1, path: '/bin/ping' }, 'file-capabilities'],
  ['a directory', {}, { syscall: 'openat2', errno: 13, path: '/root/x' }, 'file-mode'],
  ['a covered proc', { '/proc/self/uid_map': '0 1 2\n' }, { syscall: 'fsmount', errno: 1, path: '/proc' }, 'covered-proc'],
  ['gVisor', { '/proc/version': 'gVisor' }, { syscall: 'fsopen', errno: 38 }, 'gvisor'],
  ['nobody known', {}, { syscall: 'fsopen', errno: 1 }, null],
  ['another errno', { '/proc/self/status': status('0', 2) }, { syscall: 'fsopen', errno: 22 }, null],
]; // prettier-ignore

for (const [name, tree, refused, who] of refusals) {
  test(`who refused: ${name}`, (t) => {
    const cause = explainPermission({ path: '', ...refused }, factsOf(tree));
    const found: string | null = cause?.who ?? null;
    t.is(found, who);
  });
}

const works = Object.fromEntries(Object.keys(kernelFeatures).map((name) => [name, 0]));
const cgroup = {
  kind: 'subtree',
  parent: '/sys/fs/cgroup',
  controllers: ['cpu', 'io', 'memory', 'pids'],
  missing: {},
  preparation: null,
  swap: true,
} as const;

test('a host that can do everything', (t) => {
  const report = hostReport({ probes: works, facts: factsOf(), cgroup });
  t.true(report.ok);
  const missing = report.capabilities.filter(({ ok }) => !ok).map(({ name }) => name);
  t.deepEqual(missing, ['unsquashfs', 'mkfs.erofs']);
  for (const { ok, remedy } of report.capabilities) t.is(remedy === null, ok);
});

test('what is missing has a reason and a remedy', (t) => {
  const probes = { ...works, squashfs: 19, clone3: 38, loop: 6, 'tmpfs-idmap': 22, openat2: 999 };
  const facts = factsOf({
    '/proc/self/status': status(all, 2),
    '/proc/filesystems': 'nodev\toverlay\n',
    ...docker,
  });
  const none = {
    kind: 'none',
    code: 'ERR_ROOM_CGROUP_ABSENT',
    reason: 'not mounted',
    remedy: 'mount it',
  } as const;
  const report = hostReport({ probes, facts, cgroup: none });
  t.false(report.ok);
  const find = (name: string) => report.capabilities.find((capability) => capability.name === name);
  t.regex(find('squashfs')?.why ?? '', /^ENODEV: squashfs is not in \/proc\/filesystems/);
  t.regex(find('squashfs')?.remedy ?? '', /modprobe squashfs/);
  t.regex(find('clone3')?.why ?? '', /seccomp filter.*docker/);
  t.regex(find('clone3')?.remedy ?? '', /seccomp=unconfined/);
  t.regex(find('tmpfs-idmap')?.remedy ?? '', /Linux 6\.3/);
  t.regex(find('openat2')?.why ?? '', /^(errno 999|Unknown system error -999)/);
  t.regex(find('cgroup-memory')?.why ?? '', /limits\.memory and limits\.swap: not mounted/);
  t.is(find('cgroup')?.remedy, 'mount it');
});

test('a probe that was not made does not count as passed', (t) => {
  const report = hostReport({ probes: {}, facts: factsOf(), cgroup });
  t.false(report.ok);
});

test('limits that take consent say so', (t) => {
  const preparation = { moveSelfTo: '/sys/fs/cgroup/anchor-main', enable: ['memory'] } as const;
  const report = hostReport({ probes: works, facts: factsOf(), cgroup: { ...cgroup, preparation } });
  const why = (name: string) => report.capabilities.find((capability) => capability.name === name)?.why ?? '';
  t.regex(why('cgroup-memory'), /delegate: true/);
  t.is(why('cgroup-pids'), 'enforces limits.processes');
});

test('without capabilities no room can be made', (t) => {
  const report = hostReport({
    probes: works,
    facts: factsOf({ '/proc/self/status': status('0', 0) }, 1000),
    cgroup,
  });
  t.false(report.ok);
  t.regex(report.capabilities[0]?.why ?? '', /uid 1000.*CAP_SYS_ADMIN/);
});
