import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { lines, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);
const identities = ['mapped', 'host'] as const;

/** Of the host; whoever can write it makes the kernel run a program as root. */
const corePattern = (): string => readFileSync('/proc/sys/kernel/core_pattern', 'utf8');

test('a room sees its own processes only', async (t) => {
  const output = await rooms.output(
    t,
    'ls /proc | grep "^[0-9]" | sort -n | head -2; [ -e /proc/$PPID ] && echo $PPID',
  );
  t.deepEqual(lines(output), ['1', '2', '1']);
});

test('it cannot signal a process of the host by any number', async (t) => {
  const output = await rooms.output(
    t,
    `kill -0 ${process.pid} 2>/dev/null && echo reached; kill -0 ${process.ppid} 2>/dev/null && echo reached; true`,
  );
  t.is(output, '');
});

for (const identity of identities) {
  test(`nothing below /proc/sys can be written but what is the room's own, with identity ${identity}`, async (t) => {
    const before = corePattern();
    const { stdout } = await rooms.anchor.run(
      rooms.shell(
        `echo "|/tmp/x" > /proc/sys/kernel/core_pattern
         echo 1 > /proc/sys/kernel/sysrq
         for f in $(find /proc/sys -type f); do [ -w $f ] && { true >> $f; } 2>/dev/null && echo $f; done; true`,
        { identity },
      ),
    );
    t.deepEqual(
      lines(stdout).filter(
        (path) => !/^\/proc\/sys\/(net\/|user\/|fs\/mqueue\/|kernel\/ns_last_pid$)/.test(path),
      ),
      [],
    );
    t.is(corePattern(), before);
  });

  test(`files that tell of the host or change it are out of reach, with identity ${identity}`, async (t) => {
    const output = await rooms.output(
      t,
      `for f in /proc/kcore /proc/kmsg /proc/timer_list /proc/sched_debug /proc/latency_stats /proc/slabinfo \
                /proc/vmallocinfo /proc/kpagecount /proc/pagetypeinfo; do
         [ -n "$(head -c 1 $f 2>/dev/null | od -An)" ] && echo "$f can be read"
       done
       for f in /proc/sysrq-trigger /proc/irq/0/smp_affinity /proc/bus/pci/00/00.0 /proc/mtrr /proc/acpi/wakeup; do
         [ -e $f ] && { echo x > $f; } 2>/dev/null && echo "$f can be written"
       done
       find /sys/firmware /proc/acpi /proc/scsi /proc/asound /sys/devices/virtual/powercap -type f 2>/dev/null
       true`,
      { identity },
    );
    t.is(output, '');
  });

  test(`/sys is read-only, with identity ${identity}`, async (t) => {
    const { stdout, room } = await rooms.anchor.run(
      rooms.shell(
        `for f in $(find /sys -maxdepth 4 -type f -perm -200 2>/dev/null | head -200); do
           { true >> $f; } 2>/dev/null && echo $f
         done
         ls -A /sys/fs/cgroup 2>/dev/null
         true`,
        { identity },
      ),
    );
    // Its own cgroup is there, where that has anything to say; what is below others belongs to them.
    const shown = room.granted.mounts.some(({ at }) => at === '/sys/fs/cgroup');
    t.deepEqual(
      lines(stdout).filter(
        (name) => !shown || !/^(cgroup|cpu|cpuset|io|memory|pids|hugetlb|misc|rdma|irq)\./.test(name),
      ),
      [],
    );
  });
}

test('the cgroup of the room is the root of all that it sees of cgroups', async (t) => {
  const { stdout, room } = await rooms.anchor.run(
    rooms.shell('cat /proc/self/cgroup; grep cgroup /proc/mounts'),
  );
  if (room.granted.cgroup === null) return t.pass('no cgroup on this host');
  t.true(lines(stdout).includes('0::/'), stdout);
  t.false(stdout.includes('anchor-'));
});

test('environment, command lines and memory of host processes are nowhere', async (t) => {
  t.true(existsSync(`/proc/${process.pid}/environ`));
  const output = await rooms.output(
    t,
    'for p in $(seq 3 2000); do [ -e /proc/$p/environ ] && tr "\\0" "\\n" < /proc/$p/environ 2>/dev/null | grep -E "^(AVA|NODE|HOME)"; done; true',
  );
  t.is(output, '');
});

test('another user of the room cannot look into its processes', async (t) => {
  const room = await rooms.start(t, 'sleep 1000');
  const spy = await room.exec(['sh', '-c', 'cat /proc/2/environ /proc/2/mem; ls /proc/2/fd'], {
    user: 'app',
  });
  let seen = '';
  for await (const chunk of spy.stdout ?? []) seen += String(chunk);
  t.is(seen, '');
});
