// Class 14: a set of capabilities that was not emptied comes back at the next execve (CVE-2022-24769, CVE-2022-29162).
// Rule: all five sets are what the spec names, which is nothing by default, and nothing puts back what is gone:
//   DropPrivileges() in native/init/assemble/privileges.cc (no_new_privs, securebits locked, capset), then SetCapabilities() and
//   DropBoundingSet() in native/init/run.cc for each process.
// Mutation: in run.cc let DropBoundingSet() return at once. (Each other wall has one behind it: what SetCapabilities() left in
//   the effective and permitted sets, execve(2) takes away under SECBIT_NOROOT.)
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { RoomSpec } from '../../src/index.js';
import { library, lines, nextText, useRooms } from '../helpers/room.js';
import { armed, attack } from './helpers/hostile-program.js';
import { baseOf, field, processesWithIds } from './helpers/room-processes.js';
import { smallPlank } from './helpers/small-plank.js';

const rooms = useRooms(test);
const run = promisify(execFile);
const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'] as const;
const none = '0'.repeat(16);
const capabilitiesOf = (status: string): string[] => sets.map((set) => field(status, set));

for (const more of [{}, { user: 'app' }, { identity: 'host' }] as readonly Partial<RoomSpec>[])
  test(`nothing raises a capability, nor what gives one at the next execve, as ${JSON.stringify(more)}`, async (t) => {
    const said = await attack(t, rooms, ['raise', 'cat', '/proc/self/status'], more);
    const tries = said.filter((line) =>
      /^(capset|securebits|keepcaps|no_new_privs|seccomp|setxattr)\S* /.test(line),
    );
    t.is(tries.length, 10, said.join('\n'));
    t.deepEqual(
      tries.filter((line) => line.endsWith(' 0')),
      [],
    );
    t.true(said.includes('ambient 0'));
    const status = said.join('\n');
    t.deepEqual(capabilitiesOf(status), [none, none, none, none, none]);
    t.is(field(status, 'NoNewPrivs'), '1');
  });

test('a capability that is granted is the only one, in every set, and no other can be had beside it', async (t) => {
  const said = await attack(t, rooms, ['raise', 'cat', '/proc/self/status'], { capabilities: ['CHOWN'] });
  const chown = '0'.repeat(15) + '1';
  t.deepEqual(capabilitiesOf(said.join('\n')), [chown, chown, chown, chown, chown]);
  for (const name of [
    'capset(effective)',
    'capset(permitted)',
    'capset(inheritable)',
    'capset(inheritable of one)',
  ])
    t.true(said.includes(`${name} EPERM`), name);
});

test('as the host sees it, no process of a room has one, and room-init only those it starts processes with', async (t) => {
  const room = await rooms.start(t, '(sleep 1000 &); echo ready; sleep 1000', { user: 'app' });
  await nextText(room.stdout);
  await room.exec(['sleep', '1000'], { user: 'root' });
  const seen = processesWithIds(baseOf(room));
  t.is(seen.length, 4);
  for (const { pid, status } of seen) {
    if (pid === room.pid) continue;
    t.deepEqual(capabilitiesOf(status), [none, none, none, none, none]);
  }
  const init = seen.find(({ pid }) => pid === room.pid);
  // KILL, SETGID, SETUID, SETPCAP.
  for (const set of sets) t.is(Number.parseInt(field(init?.status ?? '', set), 16) & ~0x1e0, 0, set);
});

test('what the embedding program could hand down ends at the room', async (t) => {
  const source = `
    import { Anchor } from ${JSON.stringify(library)};
    const anchor = await Anchor.open();
    const { stdout } = await anchor.run({ plank: ${JSON.stringify(rooms.plank)}, command: ['grep', 'Cap', '/proc/self/status'] });
    console.log(stdout + (await import('node:fs')).readFileSync('/proc/self/status', 'utf8').match(/CapAmb.*/)[0]);
    await anchor.close();`;
  const { stdout } = await run('setpriv', [
    '--inh-caps=+chown,+sys_admin,+net_admin',
    '--ambient-caps=+chown,+sys_admin,+net_admin',
    process.execPath,
    '--input-type=module',
    '--eval',
    source,
  ]);
  const said = lines(stdout);
  t.deepEqual(
    said.slice(0, 5).map((line) => line.split('\t')[1]),
    [none, none, none, none, none],
  );
  t.notRegex(said[5] ?? '', /\t0+$/, 'the program did have some');
});

// Busybox is a busybox under every name that begins so.
const programs = ['busybox-caps', 'busybox-inheritable', 'busybox-set-uid'];

/** A plank with programs in it that would give their user more, were they let. */
async function temptingPlank(): Promise<string> {
  const plank = join(rooms.directory, 'tempting.sqsh');
  await smallPlank(rooms.directory, async (tree) => {
    for (const name of programs) {
      await copyFile('/bin/busybox', join(tree, name));
      await chmod(join(tree, name), 0o755);
    }
    await run('setcap', ['cap_chown,cap_sys_admin=ep', join(tree, 'busybox-caps')]);
    await run('setcap', ['cap_chown,cap_sys_admin=eip', join(tree, 'busybox-inheritable')]);
    await chmod(join(tree, 'busybox-set-uid'), 0o6755);
    // Not what buildPlank makes of it, which leaves such attributes out: a plank may come from anywhere.
    await run('mksquashfs', [tree, plank, '-xattrs', '-all-root', '-comp', 'lz4', '-no-progress']);
  });
  return plank;
}

test('capabilities and ids that files of the plank carry count for nothing', async (t) => {
  const plank = await temptingPlank();
  for (const user of ['root', 'app'] as const)
    for (const identity of ['mapped', 'host'] as const)
      for (const name of programs) {
        const { stdout, stderr } = await rooms.anchor.run({
          plank,
          identity,
          user,
          command: [`/${name}`, 'grep', '-E', '^(Cap|Uid)', '/proc/self/status'],
        });
        const id = user === 'root' ? '0' : '1000';
        t.deepEqual(capabilitiesOf(stdout), [none, none, none, none, none], `${user} ${name} ${stderr}`);
        t.is(field(stdout, 'Uid'), [id, id, id, id].join('\t'));
      }
});

test('nor do those of a file that was made in a mount of the host', async (t) => {
  const directory = await mkdtemp(join(rooms.directory, 'host-'));
  await copyFile('/bin/busybox', join(directory, 'busybox-caps'));
  await run('setcap', ['cap_chown,cap_sys_admin=ep', join(directory, 'busybox-caps')]);
  await chmod(directory, 0o755);
  const output = await rooms.output(
    t,
    '/data/busybox-caps grep Cap /proc/self/status | cut -f2 | sort -u; hostile raise /data/busybox-caps grep CapEff /proc/self/status | tail -1',
    await armed({ user: 'app', mounts: [{ host: directory, at: '/data' }] }),
  );
  t.deepEqual(lines(output), [none, `CapEff:\t${none}`]);
});
