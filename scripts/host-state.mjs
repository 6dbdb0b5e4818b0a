// What no room may change and no suite may leave behind, as `name → value`, and what has become of it. On a machine where others
// work as well only what is certainly ours, or nobody's, is looked at.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './setup/run.mjs';

/** Counters, and what programs change by living. */
const moving =
  /^\/proc\/sys\/(fs\/(dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota\/.*)|kernel\/(random\/.*|ns_last_pid|pty\/nr|perf_.*|tainted)|vm\/stat_refresh)$/;

export function hostState() {
  return new Map([
    ['name of the host', hostname()],
    ...['fs', 'kernel', 'vm'].flatMap((part) => contents(`/proc/sys/${part}`, moving)),
    ...['/proc/sys/net/ipv4/ip_unprivileged_port_start', '/proc/sys/user/max_user_namespaces'].map(named),
    ...contents('/etc'),
    ...planks(),
    ...list('/sys/class/net').map((name) => [`network interface ${name}`, '']),
    ...['shm', 'sem', 'msg'].map((kind) => objectsOf(`/proc/sysvipc/${kind}`)),
    ...mounts().map((line) => [`mount ${line}`, '']),
    ...forgottenLoops().map((line) => [`loop device ${line}`, '']),
    ...orphans().map((line) => [`process ${line}`, '']),
    ...cgroupsOfTheDead().map((path) => [`cgroup ${path}`, '']),
  ]);
}

/** What somebody has left who may have come back for it. */
const leavings = /^(loop device|process|cgroup) /;

/** One line for each thing that is not as it was. Planks that were made meanwhile are no change. */
export function changes(before, after) {
  const gone = [...before.keys()].filter((name) => !after.has(name) && !leavings.test(name));
  const come = [...after.keys()].filter((name) => !before.has(name) && !name.startsWith('plank '));
  const other = [...after].filter(([name, value]) => before.has(name) && before.get(name) !== value);
  return [
    ...gone.map((name) => `gone: ${name}`),
    ...come.map((name) => `new: ${name}`),
    ...other.map(([name, value]) => `${name}: ${before.get(name).slice(0, 80)} became ${value.slice(0, 80)}`),
  ];
}

/** The same, when the kernel has had time to clean up. */
export async function lastingChanges(before, patience = 20_000) {
  const until = Date.now() + patience;
  for (;;) {
    const found = changes(before, hostState());
    if (found.length === 0 || Date.now() > until) return found;
    await sleep(500);
  }
}

function contents(directory, except = /^$/) {
  return entries(directory)
    .filter((path) => !except.test(path))
    .map(named);
}

/** Files and links below a directory. */
function entries(directory) {
  let found = [];
  try {
    found = readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
  return found.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entries(path);
    return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
  });
}

function named(path) {
  try {
    return [path, readlinkSync(path)];
  } catch {
    // No link.
  }
  try {
    const text = readFileSync(path, 'latin1');
    return [path, text.length < 100 ? text.trim() : createHash('sha256').update(text).digest('hex')];
  } catch {
    return [path, 'cannot be read'];
  }
}

/** Keys and ids of what System V has, not who used it last. */
function objectsOf(path) {
  const lines = read(path).split('\n').slice(1);
  return [
    path,
    lines
      .map((line) => line.trim().split(/\s+/).slice(0, 2).join(' '))
      .sort()
      .join(', '),
  ];
}

function planks() {
  const folder = join(root, '.cache');
  return list(folder)
    .filter((name) => /\.(sqsh|erofs)$/.test(name))
    .map((name) => {
      const digest = createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex');
      return [`plank ${name}`, digest];
    });
}

/** Without numbers, which the kernel gives anew; those of other tests lie below the folder for temporary files. */
function mounts() {
  return read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ').slice(3))
    .filter(([, point]) => point !== undefined && !point.startsWith(`${tmpdir()}/`))
    .map((fields) => fields.join(' ').replace(/ (shared|master|propagate_from):\d+/g, ''));
}

/** On files that have been deleted, as those of tests are when they end. */
function forgottenLoops() {
  return list('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .map((name) => `${name} of ${read(`/sys/block/${name}/loop/backing_file`).trim()}`)
    .filter((line) => line.endsWith('(deleted)'));
}

/** Of rooms and Anchors, without a program that they belong to. */
function orphans() {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => / \((room-init|room-keeper|anchor-\S*)\) [^Z] 1 /.test(` ${read(`/proc/${pid}/stat`)}`))
    .map((pid) => `${pid} ${read(`/proc/${pid}/comm`).trim()}`);
}

/** Named after a process that is no more. */
function cgroupsOfTheDead() {
  const tops = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].filter((path) =>
    existsSync(join(path, 'cgroup.procs')),
  );
  return tops
    .flatMap((top) => folders(top))
    .filter((path) => {
      const pid = /\/anchor-(\d+)-[0-9a-f]+$/.exec(path)?.[1];
      return pid !== undefined && !existsSync(`/proc/${pid}`);
    });
}

function folders(directory) {
  return list(directory)
    .map((name) => join(directory, name))
    .filter((path) => existsSync(join(path, 'cgroup.procs')))
    .flatMap((path) => [path, ...folders(path)]);
}

function list(directory) {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
