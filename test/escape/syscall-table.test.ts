// Class 11: the filter forgot system calls (flatpak CVE-2021-41133: those that came after it was written).
// Rule: what docs/seccomp.md says is what the kernel does. Every number without a name is ENOSYS, whatever comes later.
//   compilePolicy() in src/plan/seccomp/compile.ts makes the program of the rows in src/plan/seccomp/default-profile.ts;
//   InstallFilter() in native/init/assemble/assemble.cc installs it before room-init runs.
// Mutation: in ranges() of compile.ts, give the last append() (newestSyscall + 1 to largestNumber) ALLOW for `unknown`; or take any
//   row out of default-profile.ts, the document staying as it is.
import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { newestSyscall, syscallNumbers } from '../../src/plan/seccomp/syscalls-x64.js';
import { nextText, useRooms } from '../helpers/room.js';
import { armed, attack } from './helpers/hostile-program.js';
import { baseOf, field, processesWithIds } from './helpers/room-processes.js';
import { documentedProfile, namesByNumber, verdicts } from './helpers/syscall-probe.js';
import { changedSettings, hostSettings } from './helpers/sysctls.js';

const rooms = useRooms(test);
const profile = documentedProfile();
const everything = { seccomp: { profile: { defaultAction: 'SCMP_ACT_ALLOW' } } } as const;

/** What the table in the document allows a number to be answered with, when nothing is known of its arguments. */
function answers(number: number): readonly string[] {
  // The kernel shows uretprobe and uprobe to no filter, and gives whoever calls them SIGILL.
  if (number === 335 || number === 336) return ['unfiltered'];
  const name = namesByNumber.get(number);
  if (name === undefined) return ['ENOSYS'];
  const row = profile.get(name);
  if (row === undefined) return ['allow'];
  return row.always ? row.errors : ['allow', ...row.errors];
}

for (const identity of ['mapped', 'host'] as const)
  for (const argument of ['0', '0x7f', '0xffffffffffffffff'])
    test(`0 to 600 are answered as the document says, with arguments ${argument} and identity ${identity}`, async (t) => {
      const given = await verdicts(t, rooms, ['native', argument], { identity });
      t.is(given.size, 601);
      const wrong = [...given].filter(([number, verdict]) => !answers(Number(number)).includes(verdict));
      t.deepEqual(wrong, []);
      const allowed = [...given]
        .filter(([, verdict]) => verdict === 'allow')
        .map(([number]) => Number(number));
      t.true(allowed.length > 250);
      t.true(Math.max(...allowed) <= newestSyscall);
    });

test('the document, the table of numbers and the headers of the kernel agree', (t) => {
  t.true(profile.size > 80);
  t.deepEqual(
    [...profile.keys()].filter((name) => !Object.hasOwn(syscallNumbers, name)),
    [],
  );
  t.regex(
    readFileSync('docs/seccomp.md', 'utf8'),
    new RegExp(`\`${namesByNumber.get(newestSyscall) ?? ''}\``),
  );
  const header = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h';
  const numbers = existsSync(header)
    ? [...readFileSync(header, 'utf8').matchAll(/^#define __NR_(\w+) (\d+)$/gm)]
    : [];
  t.deepEqual(
    numbers.filter(
      ([, name = '', number]) => (syscallNumbers as Record<string, number>)[name] !== Number(number),
    ),
    [],
  );
});

test('the answer depends on the arguments only where the document says so', async (t) => {
  const n = syscallNumbers;
  const wide = 0x1_0000_0000;
  const expected: Record<string, string> = {};
  const call = (verdict: string, number: number, ...given: number[]): void => {
    expected[[number, ...given].join()] = verdict;
  };
  for (const name of ['socket', 'socketpair'] as const)
    for (let family = 0; family < 64; family++) {
      const verdict = [1, 2, 10, 16].includes(family) ? 'allow' : 'EAFNOSUPPORT';
      call(verdict, n[name], family, 1);
      call(verdict, n[name], family + wide, 1 | 0x80800);
      if (family !== 16) continue;
      for (let protocol = 1; protocol < 32; protocol++) call('EAFNOSUPPORT', n[name], 16, 3, protocol);
    }
  for (const request of [0x5412, 0x541c, 0x5423])
    for (const high of [0, wide, 0xffff_0000_0000]) call('EPERM', n.ioctl, 0, request + high);
  call('allow', n.ioctl, 0, 0x5413);
  // CLONE_NEW… of clone(2): all but NEWTIME, which there is part of the exit signal.
  for (const bit of [17, 25, 26, 27, 28, 29, 30]) {
    call('EPERM', n.clone, 2 ** bit + 17);
    call('EPERM', n.clone, 2 ** bit + 17 + wide);
    call('EPERM', n.unshare, 2 ** bit);
    call('EPERM', n.unshare, 2 ** bit + 0x400);
  }
  call('EPERM', n.unshare, 0x80);
  call('EPERM', n.unshare, wide);
  call('allow', n.unshare, 0x400);
  call('allow', n.clone, 17);
  for (const persona of [1, 6, 0x40000, 0x400000]) call('EPERM', n.personality, persona);
  for (const persona of [0, 8, 0xffffffff]) call('allow', n.personality, persona);
  for (const [level, option] of [
    [0, 64],
    [0, 65],
    [41, 64],
    [0, 96],
    [0, 128],
  ] as const)
    // prettier-ignore
    call('EPERM', n.setsockopt, 3, level, option);
  call('allow', n.setsockopt, 3, 1, 9);
  t.deepEqual(Object.fromEntries(await verdicts(t, rooms, ['call', ...Object.keys(expected)])), expected);
});

test('every process of a room is under one filter, room-init and those of exec included', async (t) => {
  const room = await rooms.start(t, '(sleep 1000 &) ; echo ready; sleep 1000');
  await nextText(room.stdout);
  await room.exec(['sleep', '1000'], { user: 'app' });
  const seen = processesWithIds(baseOf(room));
  t.true(seen.some(({ pid }) => pid === room.pid));
  t.is(seen.length, 4, 'room-init, the command, what it left behind, and that of exec');
  for (const { status } of seen) {
    t.is(field(status, 'Seccomp'), '2', status);
    t.is(field(status, 'Seccomp_filters'), '1', status);
    t.is(field(status, 'NoNewPrivs'), '1', status);
  }
});

// Not what the filter says, but what comes of it: the calls are made, by all three entries.
for (const [title, more] of [
  ['under the default profile', {}],
  ['with nothing refused, so that capabilities and ids hold alone', everything],
] as const)
  test(`1,800 calls with garbage leave the host as it was, ${title}`, async (t) => {
    const before = hostSettings();
    t.true(before.size > 200);
    for (const argument of ['0', '-1', 'pointer']) {
      const [line = ''] = await attack(t, rooms, ['execute', argument], more);
      t.regex(line, /^made 17\d\d hung \d$/);
    }
    t.deepEqual(changedSettings(before), []);
    t.is(await rooms.output(t, 'hostname', await armed({ ...more, hostname: 'still' })), 'still');
  });
