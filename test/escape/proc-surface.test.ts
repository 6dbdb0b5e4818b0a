// Class 28: files of the kernel that tell about the host or change it: kcore, keys, sysrq-trigger, timer_list, firmware,
// powercap.
// Rule: computeCovers() in src/host/proc-masks.ts (`hidden`, `blockDevices`, `sealed`, `rootOnly`) lays covers over them, kernelMounts() in
//   src/plan/mounts.ts makes /sys read-only, and the ids of the room are nobody's to the files that are left.
// Mutation: in kernelMounts() leave out MOUNT_ATTR_RDONLY of /sys; in proc-masks.ts empty `sealed` (seen with identity host); or
//   take '/proc/sysrq-trigger' out of it; or leave out
//   `blockDevices`.
import test from 'ava';
import type { RoomSpec } from '../../src/index.js';
import { lines, useRooms } from '../helpers/room.js';
import { attack } from './helpers/hostile-program.js';
import { changedSettings, hostSettings } from './helpers/sysctls.js';

const rooms = useRooms(test);
const kinds: readonly Partial<RoomSpec>[] = [
  {},
  { user: 'app' },
  { identity: 'host' },
  { identity: 'host', user: 'app' },
];

/** Of all that the kernel shows: what it is all right to open for writing, and why. */
const writable = [
  // Changes nothing without CAP_CHECKPOINT_RESTORE, and then of the room's own PID namespace.
  '/proc/sys/kernel/ns_last_pid',
  // Registers a wish to be woken with the descriptor; everybody may (linux/psi.h).
  '/proc/pressure/cpu',
  '/proc/pressure/io',
  '/proc/pressure/irq',
  '/proc/pressure/memory',
  '/dev/full',
  '/dev/null',
  '/dev/pts/ptmx',
  '/dev/random',
  '/dev/urandom',
  '/dev/zero',
];

for (const more of kinds)
  test(`no other file of /proc, /sys and /dev can be opened for writing, as ${JSON.stringify(more)}`, async (t) => {
    const before = hostSettings();
    const found = await attack(t, rooms, ['surface', 'write', '/proc', '/sys', '/dev'], more);
    const looked = Number(/^looked (\d+)$/.exec(found.at(-1) ?? '')?.[1]);
    t.true(looked > 5000, `${looked}`);
    t.deepEqual(
      found.slice(0, -1).filter((path) => !writable.includes(path)),
      [],
    );
    t.deepEqual(changedSettings(before), []);
  });

test('what is writable takes no value that would count outside', async (t) => {
  const before = hostSettings();
  const output = await rooms.output(
    t,
    `for v in 1 2 300 32000; do { echo $v > /proc/sys/kernel/ns_last_pid; } 2>/dev/null && echo "ns_last_pid took $v"; done
     { echo "some 150000 1000000" > /proc/pressure/cpu; } 2>/dev/null && echo "a window that costs the host a thread"
     { echo h > /proc/sysrq-trigger; } 2>/dev/null && echo "sysrq" # only its help: this must not end the machine
     true`,
  );
  t.is(output, '');
  t.deepEqual(changedSettings(before), []);
});

/** Nothing in it for a room: lists of addresses, keys and devices, the log, other people's memory. */
const empty = [
  '/proc/kcore', '/proc/kmsg', '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', '/proc/latency_stats', '/proc/slabinfo',
  '/proc/vmallocinfo', '/proc/kpagecount', '/proc/kpageflags', '/proc/kpagecgroup', '/proc/pagetypeinfo', '/proc/iomem', '/proc/mtrr',
  '/proc/1/environ', '/proc/1/mem', '/proc/1/maps', '/proc/1/auxv', '/proc/1/stack', '/proc/1/syscall', '/proc/self/stack',
  '/proc/acpi', '/proc/scsi', '/proc/asound', '/sys/firmware', '/sys/devices/virtual/powercap', '/sys/kernel/debug', '/sys/kernel/tracing',
  '/sys/kernel/security', '/sys/fs/bpf', '/sys/fs/pstore', '/sys/fs/selinux', '/sys/kernel/config',
]; // prettier-ignore

for (const more of kinds)
  test(`what tells of the host is empty or closed, as ${JSON.stringify(more)}`, async (t) => {
    const output = await rooms.output(
      t,
      `for f in ${empty.join(' ')}; do
         if [ -d $f ]; then find $f -type f 2>/dev/null | head -3
         elif [ -n "$(head -c 4 $f 2>/dev/null | od -An)" ]; then echo $f; fi
       done; true`,
      more,
    );
    // As everybody may, a room sees that there are ranges, and with addresses of zero.
    const ranges = /^\/proc\/(iomem|1\/stack)$/;
    t.deepEqual(
      lines(output).filter((path) => !ranges.test(path)),
      [],
    );
  });

for (const more of kinds)
  test(`of cgroups it sees its own or none, as ${JSON.stringify(more)}`, async (t) => {
    const line = 'cd /sys/fs/cgroup; ls -A; find . -mindepth 1 -type d; find . -name release_agent';
    const { stdout, room } = await rooms.anchor.run(rooms.shell(line, more));
    const shown = room.granted.mounts.some(({ at }) => at === '/sys/fs/cgroup');
    t.deepEqual(
      lines(stdout).filter(
        (name) => !shown || !/^(cgroup|cpu|cpuset|io|memory|pids|hugetlb|rdma|misc|irq)\./.test(name),
      ),
      [],
    );
    if (more.identity === 'host') t.false(shown);
  });

test('no address of the kernel stands in what it shows', async (t) => {
  for (const more of kinds) {
    const text = await rooms.output(
      t,
      'head -200 /proc/kallsyms; head -50 /proc/modules; cat /proc/iomem 2>/dev/null; true',
      more,
    );
    t.notRegex(text, /\bffff[0-9a-f]{12}\b/, JSON.stringify(more));
    t.notRegex(text, /^\s*[0-9a-f]*[1-9a-f][0-9a-f]*-[0-9a-f]+ : /m, JSON.stringify(more));
  }
});

// /sys/devices/virtual/block/loop*/loop/backing_file, readable for everybody, names the image on the host that each loop device has:
// the room's own plank and those of all others. A mask takes the directory away (`hidden` in src/host/proc-masks.ts).
for (const more of kinds)
  test(`no path of the host stands in /proc or /sys, as ${JSON.stringify(more)}`, async (t) => {
    const found = await attack(t, rooms, ['surface', 'read', rooms.directory, '/proc', '/sys'], more);
    t.true(Number(/^looked (\d+)$/.exec(found.at(-1) ?? '')?.[1]) > 5000);
    t.deepEqual(found.slice(0, -1), []);
  });

test('where a room lives on the host, none of its files say', async (t) => {
  const needles = [process.cwd(), `anchor-${process.pid}`];
  for (const needle of needles) {
    const found = await attack(t, rooms, ['surface', 'read', needle, '/proc']);
    t.deepEqual(found.slice(0, -1), [], needle);
  }
  const { stdout } = await rooms.anchor.run(
    rooms.shell('cat /proc/self/cgroup /proc/1/cgroup /proc/self/mountinfo /proc/mounts /proc/self/maps'),
  );
  for (const needle of needles) t.false(stdout.includes(needle), needle);
});
