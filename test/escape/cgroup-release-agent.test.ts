/**
 * Class 9: the room reaches a cgroup hierarchy: `release_agent` names a program that the kernel runs as root of the host, other
 * files lift the limits of the room (CVE-2022-0492, CVE-2023-25809).
 *
 * Rule: the only cgroup file system in a room is its own part of cgroup v2, read-only, where it has a user namespace and controllers
 * (`ownCgroup` in src/plan/mounts.ts; test/vm/guest/own-cgroup.test.ts); mount(2) and its relatives are refused (first row of defaultProfile in src/plan/seccomp/default-profile.ts); the mount namespace belongs to
 * the host's user namespace because the room's is entered last (BecomeRoomRoot() in native/init/assemble/privileges.cc).
 * Mutation: planMounts() in src/plan/mounts.ts: one mount more, `{ kind: 'bind', source: '/sys/fs/cgroup', sourceKind:
 * 'directory', target: '/sys/fs/cgroup', attributes: CONFINED, recursive: true, idmap: null }`.
 */
import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { RoomSpec } from '../../src/index.js';
import { descendantsOf } from '../helpers/host-state.js';
import { lines, nextText, useRooms } from '../helpers/room.js';
import { hostFacts } from './helpers/canary.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);

/** What a room would change: agents and their switches at the top of each hierarchy, and new directories there. */
function hierarchies(): Record<string, string> {
  const found: Record<string, string> = {};
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4]!)
    .concat('/sys/fs/cgroup');
  for (const root of mounted) {
    for (const name of ['release_agent', 'notify_on_release'])
      if (readdirSync(root).includes(name)) found[join(root, name)] = readFileSync(join(root, name), 'utf8');
    found[`${root} escaped`] = String(readdirSync(root).includes('anchor-escape'));
  }
  // Another hierarchy in this list would be one that a room has made.
  found['/proc/cgroups'] = readFileSync('/proc/cgroups', 'utf8').replaceAll(/\t\d+\t(\d)$/gm, '\t$1');
  return found;
}

// A test of this file that fails must not leave the machine with what it has failed for.
const usual = hierarchies();
test.after.always(() => {
  const now = hierarchies();
  for (const [path, value] of Object.entries(usual)) {
    if (now[path] === value || path === '/proc/cgroups') continue;
    if (path.endsWith(' escaped')) rmdirSync(join(path.slice(0, -' escaped'.length), 'anchor-escape'));
    else writeFileSync(path, value);
  }
});

const mayMount = [
  'mount',
  'umount2',
  'fsopen',
  'fsconfig',
  'fsmount',
  'move_mount',
  'unshare',
  'setns',
  'clone',
];

const kinds: Readonly<Record<string, Partial<RoomSpec>>> = {
  'the usual room': {},
  'a room with identity host': { identity: 'host' },
  'a room with every useful capability': {
    capabilities: [
      'SYS_ADMIN',
      'DAC_OVERRIDE',
      'DAC_READ_SEARCH',
      'SYS_RESOURCE',
      'SYS_CHROOT',
      'SETUID',
      'SETGID',
    ],
  },
  // With identity `host` such a spec is refused: test/vm/guest/host-identity.test.ts.
  'a room that may mount': {
    capabilities: ['SYS_ADMIN', 'DAC_OVERRIDE', 'SYS_CHROOT'],
    seccomp: { allow: mayMount },
  },
};

for (const [what, more] of Object.entries(kinds))
  test(`${what} reaches no cgroup`, async (t) => {
    const [facts, before] = [hostFacts(), hierarchies()];
    const plank = await hostilePlank(t, { programs: ['reach-cgroup'] });
    const { stdout, outcome } = await rooms.anchor.run({ plank, command: ['reach-cgroup'], ...more });
    t.is(outcome.exitCode, 0);
    const nested = /^DID (unshare|mount|fsmount)/;
    const said = lines(stdout);
    // Who was allowed to nest may mount what he is in, which is his own part, and write to nothing of it.
    t.deepEqual(more.seccomp === undefined ? said : said.filter((line) => !nested.test(line)), ['end']);
    t.deepEqual(hierarchies(), before);
    t.deepEqual(hostFacts(), facts);
  });

test('the host sees the processes of a room in the cgroup that they were put in, whatever they do', async (t) => {
  const plank = await hostilePlank(t, { programs: ['reach-cgroup'] });
  for (const identity of ['mapped', 'host'] as const) {
    const command = ['sh', '-c', 'reach-cgroup > /dev/null; echo ready; sleep 1000; true'];
    const room = await rooms.anchor.spawn({ plank, command, identity });
    t.teardown(() => room.destroy());
    await nextText(room.stdout);
    const cgroupOf = (pid: number | string): string => readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    const expected = cgroupOf(room.pid);
    if (room.granted.cgroup === null) t.is(expected, cgroupOf('self'));
    for (const key of descendantsOf(room.pid).keys()) t.is(cgroupOf(Number.parseInt(key, 10)), expected);
    await room.destroy();
  }
});
