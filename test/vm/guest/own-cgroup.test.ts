/**
 * Class 9, for what a room sees of cgroups: its own one, which it can read and not write to. In the guest, where there are limits.
 *
 * Rule: `ownCgroup` in src/plan/mounts.ts, mounted by room-init in the cgroup namespace of the room and with the rights of the host, to
 * whose root the files belong; not with identity `host`, where that is root of the room (resolveRoom() in src/host/resolve.ts).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { lines, nextText } from '../../helpers/room.js';
import { cgroupOf, openAnchor, shell, spec, until } from '../../helpers/vm-guest.js';
import { hostilePlank } from '../../escape/helpers/hostile-plank.js';

const MiB = 1 << 20;
const limits = { memory: '64MiB', processes: 20, cpus: 0.5 } as const;

test('a room sees its limits, and those that come later', async (t) => {
  const anchor = await openAnchor(t);
  const look = 'cd /sys/fs/cgroup; cat memory.max pids.max cpu.max cgroup.procs | xargs';
  const room = await anchor.spawn(shell(`${look}; read go; ${look}`, { limits }));
  t.regex(await nextText(room.stdout), new RegExp(`^${64 * MiB} 20 50000 100000 1 \\d`));
  await room.setLimits({ memory: '32MiB' });
  room.stdin?.end('go\n');
  t.regex(await nextText(room.stdout), new RegExp(`^${32 * MiB} 20 `));
  const mount = room.granted.mounts.find(({ at }) => at === '/sys/fs/cgroup');
  t.like(mount, { kind: 'cgroup', access: 'read', noExec: true });
});

test('Node.js in a room takes the limit of memory for what there is', async (t) => {
  const anchor = await openAnchor(t);
  const script =
    "console.log(process.constrainedMemory(), require('v8').getHeapStatistics().heap_size_limit)";
  const heap = async (more: object): Promise<readonly number[]> => {
    const { stdout, stderr } = await anchor.run({ plank: 'host', command: ['node', '-e', script], ...more });
    t.is(stderr, '');
    return stdout.trim().split(' ').map(Number);
  };
  const [seen, limited] = await heap({ limits: { memory: '384MiB' } });
  t.is(seen, 384 * MiB);
  t.true((limited ?? Infinity) < 384 * MiB);
  const [, free] = await heap({});
  t.true((free ?? 0) > (limited ?? Infinity), `${free} without a limit, ${limited} with it`);
});

/** What lies in the cgroup, as the host sees it, but for what is counted. */
function settings(cgroup: string): Record<string, string> {
  const names = readdirSync(cgroup).filter((name) => /\.(max|high|low|min|weight|type|freeze)$/.test(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(cgroup, name), 'utf8')]));
}

test('a room changes nothing of it', async (t) => {
  const anchor = await openAnchor(t);
  const plank = await hostilePlank(t, { programs: ['reach-cgroup'] });
  const mayMount = ['mount', 'umount2', 'fsopen', 'fsconfig', 'fsmount', 'move_mount', 'unshare', 'clone'];
  const kinds = [
    {},
    { user: 'app' },
    { capabilities: ['SYS_ADMIN', 'DAC_OVERRIDE', 'SYS_RESOURCE', 'SYS_CHROOT'] },
    { capabilities: ['SYS_ADMIN', 'DAC_OVERRIDE', 'SYS_CHROOT'], seccomp: { allow: mayMount } },
  ] as const;
  for (const more of kinds) {
    const look = 'mount -o remount,rw /sys/fs/cgroup; umount /sys/fs/cgroup; ls /sys/fs/cgroup | wc -l';
    const line = `echo ready; read go; reach-cgroup; ${look}; echo done; read end`;
    const room = await anchor.spawn({ plank, command: ['sh', '-c', line], limits, ...more });
    t.is(await nextText(room.stdout), 'ready\n');
    const before = settings(cgroupOf(room));
    let text = '';
    room.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    room.stdin?.write('go\n');
    await until(() => text.endsWith('done\n'));
    // Who may make namespaces mounts what he is in once more, and finds the same files.
    const said = lines(text).filter((each) => !/^DID (unshare|mount|fsmount)/.test(each));
    t.is(said.length, 3, text);
    t.is(said[0], 'end');
    t.true(Number(said[1]) > 20, text);
    t.deepEqual(settings(cgroupOf(room)), before);
    t.is(before['memory.max'], `${64 * MiB}\n`);
    room.stdin?.end('\n');
    t.is((await room.exited).reason, 'exited');
  }
});

test('nothing above it is in sight', async (t) => {
  const anchor = await openAnchor(t);
  const line =
    'cat /proc/self/cgroup; grep " cgroup2 " /proc/self/mountinfo | cut -d" " -f4-6; echo /sys/fs/cgroup/../*';
  const { stdout } = await anchor.run(shell(line, { limits }));
  const seen = lines(stdout);
  t.is(seen[0], '0::/');
  t.regex(seen[1] ?? '', /^\/ \/sys\/fs\/cgroup ro,nosuid,nodev,noexec/);
  t.false((seen[2] ?? '').includes('tests'), seen[2]);
});

test('a room with the ids of the host sees none', async (t) => {
  const anchor = await openAnchor(t);
  const { stdout, room } = await anchor.run(
    spec(['ls', '-A', '/sys/fs/cgroup'], { identity: 'host', limits: { processes: 20 } }),
  );
  t.is(stdout, '');
  t.false(room.granted.mounts.some(({ kind }) => kind === 'cgroup'));
});
