/**
 * Goes with class 4: what an image may carry that is power by itself: device nodes, set-user-id programs, file capabilities,
 * attributes that overlayfs acts upon.
 *
 * Rule: the root is nodev and nosuid (MakeRoot() in native/init/assemble/root.cc), the image too (kAttributes in
 * native/launch/planks.cc), and PR_SET_NO_NEW_PRIVS is set (DropPrivileges() in native/init/assemble/privileges.cc).
 * Mutation: MakeRoot(): `sys::Fsmount(context, 0)`; for set-user-id programs PR_SET_NO_NEW_PRIVS has to be left out as well.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { RoomError } from '../../src/index.js';
import { descendantsOf } from '../helpers/host-state.js';
import { lines, nextText, useRooms } from '../helpers/room.js';
import { digestOf, makeCanary } from './helpers/canary.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);
const identities = ['mapped', 'host'] as const;

/** Harmless when opened, should one be: /dev/zero, /dev/mem read-only, and the disk below the root of the host. */
const disk = statSync('/').dev;
const nodes = {
  'nodes/zero': 'c 1 5',
  'nodes/mem': 'c 1 1',
  'nodes/disk': `b ${(disk >> 8) & 0xfff} ${disk & 0xff}`,
  'nodes/loop': 'b 7 0',
};

for (const identity of identities)
  test(`device nodes of an image are no devices, with identity ${identity}`, async (t) => {
    const plank = await hostilePlank(t, { nodes });
    const names = Object.keys(nodes).map((path) => `/${path}`);
    const attack = `for n in ${names.join(' ')}; do
        [ -e $n ] && echo there; head -c 1 $n >/dev/null 2>&1 && echo "$n can be read"
        cp -a $n /tmp/copy 2>/dev/null && head -c 1 /tmp/copy >/dev/null 2>&1 && echo "a copy of $n can be read"
        ln $n /tmp/link 2>/dev/null && head -c 1 /tmp/link >/dev/null 2>&1 && echo "a link to $n can be read"
        rm -f /tmp/copy /tmp/link
      done; true`;
    for (const user of ['root', 'app'])
      t.deepEqual(
        lines((await rooms.anchor.run({ plank, command: ['sh', '-c', attack], identity, user })).stdout),
        names.map(() => 'there'),
        user,
      );
  });

test('nor are they for the program that embeds rooms', async (t) => {
  const plank = await hostilePlank(t, { nodes });
  const room = await rooms.anchor.spawn({ plank, command: ['sleep', '1000'] });
  t.teardown(() => room.destroy());
  for (const path of Object.keys(nodes)) {
    await t.throwsAsync(room.files.read(`/${path}`), { code: 'ERR_ROOM_FILE' }, path);
    await t.throwsAsync(room.files.write(`/${path}`, 'x'), { code: 'ERR_ROOM_FILE' }, path);
    t.is((await room.files.stat(`/${path}`)).kind, 'device');
  }
  const to = join(rooms.directory, 'nodes');
  const summary = await room.files.copyOut('/nodes', to);
  t.is(summary.files, 0);
  t.deepEqual([...new Set(summary.skipped.map(({ kind }) => kind))], ['device']);
});

test('accounts of an image that are no plain files are no accounts, and nobody waits for them', async (t) => {
  const canary = await makeCanary(t);
  const accounts = [
    { nodes: { 'etc/passwd': 'p' } },
    { nodes: { 'etc/passwd': 'c 1 5' } },
    { directories: ['empty'], links: { 'etc/passwd': '/empty' } },
    { links: { 'etc/passwd': 'passwd' } },
    { links: { 'etc/passwd': '/proc/1/root/etc/passwd' } },
    { links: { 'etc/passwd': `../../../..${canary.directory}/passwd` } },
    { links: { etc: canary.directory } },
    { files: { 'etc/passwd': 'x'.repeat(3_000_000) } },
  ];
  for (const hostile of accounts) {
    const plank = await hostilePlank(t, { bare: true, ...hostile });
    const error = await t.throwsAsync(rooms.anchor.spawn({ plank, command: ['/none'], user: 'app' }));
    t.is((error as RoomError).code, 'ERR_ROOM_USER_NOT_FOUND', JSON.stringify(hostile).slice(0, 100));
  }
  canary.intact(t);
});

/** security.capability of capabilities(7), version 2: every capability, permitted and effective. */
const everyCapability = '01000002ffffffff00000000ff01000000000000';

for (const identity of identities)
  test(`set-id bits and file capabilities of an image give nothing, with identity ${identity}`, async (t) => {
    const copies = {
      'capable/busybox': '/bin/busybox',
      'suid/busybox': '/bin/busybox',
      'sgid/busybox': '/bin/busybox',
    };
    const plank = await hostilePlank(t, {
      copies,
      modes: { 'capable/busybox': 0o755, 'suid/busybox': 0o4755, 'sgid/busybox': 0o2755 },
      attributes: { 'capable/busybox': ['security.capability', everyCapability] },
    });
    for (const name of Object.keys(copies)) {
      const command = [
        `/${name}`,
        'grep',
        '-E',
        '^(Uid|Gid|Cap(Eff|Prm|Amb)|NoNewPrivs)',
        '/proc/self/status',
      ];
      const { stdout } = await rooms.anchor.run({ plank, command, identity, user: '1000:1000' });
      const ids = '1000\t1000\t1000\t1000';
      const none = '0000000000000000';
      t.deepEqual(
        lines(stdout),
        [
          `Uid:\t${ids}`,
          `Gid:\t${ids}`,
          `CapPrm:\t${none}`,
          `CapEff:\t${none}`,
          `CapAmb:\t${none}`,
          'NoNewPrivs:\t1',
        ],
        name,
      );
    }
  });

test('on the host, too, a process that has run them is one without rights', async (t) => {
  const plank = await hostilePlank(t, {
    copies: { 'suid/busybox': '/bin/busybox' },
    modes: { 'suid/busybox': 0o6755 },
  });
  const command = ['/suid/busybox', 'sh', '-c', 'echo ready; sleep 1000; true'];
  const room = await rooms.anchor.spawn({ plank, command, user: '1000:1000' });
  t.teardown(() => room.destroy());
  await nextText(room.stdout);
  const { identity } = room.granted;
  if (identity.kind === 'host') return t.fail('no mapped identity on this host');
  const id = identity.base + 1000;
  const pids = [...descendantsOf(room.pid).keys()].map((key) => Number.parseInt(key, 10));
  t.is(pids.length, 2);
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    for (const kind of ['Uid', 'Gid']) t.true(status.includes(`${kind}:\t${[id, id, id, id].join('\t')}\n`));
  }
});

test('attributes of overlayfs in an image redirect nothing, and the image stays as it is', async (t) => {
  const canary = await makeCanary(t);
  const hex = (text: string): string => Buffer.from(text).toString('hex');
  const plank = await hostilePlank(t, {
    directories: ['moved', 'up', 'opaque', 'meta'],
    files: { 'opaque/file': 'seen\n', 'meta/file': 'data\n' },
    attributes: {
      moved: ['trusted.overlay.redirect', hex(canary.directory)],
      up: ['trusted.overlay.redirect', hex(`../../../../..${canary.directory}`)],
      opaque: ['trusted.overlay.opaque', hex('y')],
      'meta/file': ['trusted.overlay.metacopy', ''],
    },
  });
  const before = digestOf(plank);
  const attack = `
    for d in moved up meta; do touch /$d/new; ls -d /$d/secret /$d/kernel; mv /$d /tmp/$d; ls -d /tmp/$d/secret; done 2>/dev/null
    grep -rl ${canary.token} /moved /up /meta /tmp 2>/dev/null; cat /opaque/file`;
  for (const identity of identities) {
    const { stdout } = await rooms.anchor.run({ plank, command: ['sh', '-c', attack], identity });
    t.is(stdout, 'seen\n', identity);
  }
  t.is(digestOf(plank), before);
  canary.intact(t);
  t.false(existsSync('/new'));
});
