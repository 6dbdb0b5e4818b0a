/**
 * Class 3: /dev, /proc or what covers them is made by way of a link of the image (CVE-2025-31133, CVE-2025-52565,
 * CVE-2025-52881, CVE-2019-19921), or a cover is evaded by another name of the file.
 *
 * Rule: a room's /dev is a read-only tmpfs of ours (MakeDevices() in native/launch/devices.cc), /proc and /sys are mounts
 * of their own (NewFilesystem() in native/init/assemble/mounts.cc), a cover is an empty file of the room's own tmpfs (NewMask()
 * there), and terminals come from the devpts by descriptor (OpenTerminal() in native/launch/streams.cc).
 * Mutation: src/host/proc-masks.ts: `/proc/sys` left out of `sealed`, or `/proc/kmsg` out of `rootOnly`.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { MountSpec, RoomError } from '../../src/index.js';
import { lines, mountable, nextText, often, useRooms } from '../helpers/room.js';
import { hostFacts, makeCanary } from './helpers/canary.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);
const identities = ['mapped', 'host'] as const;
const corePattern = '/proc/sys/kernel/core_pattern';

// A test of this file that fails must not leave the machine with what it has failed for.
const before = readFileSync(corePattern, 'utf8');
test.after.always(() => {
  if (readFileSync(corePattern, 'utf8') !== before) writeFileSync(corePattern, before);
});

const devices = [
  'null',
  'zero',
  'full',
  'random',
  'urandom',
  'tty',
  'console',
  'ptmx',
  'core',
  'stdin',
  'stdout',
];
const directories = ['pts', 'shm', 'mqueue', 'fd'];
const ofProc = [
  'self',
  'sys',
  'kcore',
  'sysrq-trigger',
  '1',
  'bus',
  'keys',
  'timer_list',
  'acpi',
  'thread-self',
];
const ofSys = ['kernel', 'firmware', 'fs', 'devices', 'class'];

for (const identity of identities)
  test(`an image full of links below /dev, /proc and /sys has none of them in a room with identity ${identity}`, async (t) => {
    const canary = await makeCanary(t);
    const facts = hostFacts();
    const targets = [
      canary.directory,
      corePattern,
      '/proc/sysrq-trigger',
      '/etc',
      `../../../..${corePattern}`,
    ];
    const paths = [
      ...[...devices, ...directories].map((name) => `dev/${name}`),
      ...ofProc.map((name) => `proc/${name}`),
      ...ofSys.map((name) => `sys/${name}`),
    ];
    for (const [turn, target] of targets.entries()) {
      // Half of them each time: what is not a link lets the others be reached.
      const links = Object.fromEntries(
        paths.filter((_, index) => index % 2 === turn % 2).map((path) => [path, target]),
      );
      const plank = await hostilePlank(t, { links });
      const attack = `
        for f in ${devices.join(' ')} pts/0 pts/ptmx shm/x mqueue/x; do { echo escape > /dev/$f; } 2>/dev/null; done
        { echo escape > /proc/sysrq-trigger; echo core.escape > ${corePattern}; } 2>/dev/null
        stat -c '%t:%T' /dev/null /dev/zero /dev/tty
        stat -f -c %T /dev/pts /proc/sys /sys/kernel | sort -u
        grep -rl ${canary.token} /dev/shm /proc/self/environ /etc 2>/dev/null; true`;
      const { stdout, outcome } = await rooms.anchor.run({
        plank,
        command: ['sh', '-c', attack],
        identity,
        stdio: turn % 2 === 0 ? { pty: {} } : 'pipe',
      });
      t.is(outcome.exitCode, 0);
      const said = lines(stdout.replaceAll('\r', '')).filter((line) => line !== 'escape');
      t.deepEqual(said.slice(0, 3), ['1:3', '1:5', '5:0'], `links to ${target}`);
      t.is(said.length, 6, `three file systems of the kernel and nothing of the host: ${said.join()}`);
    }
    canary.intact(t);
    t.deepEqual(hostFacts(), facts);
  });

for (const identity of identities)
  test(`what is covered has no other name in a room with identity ${identity}`, async (t) => {
    const facts = hostFacts();
    const plank = await hostilePlank(t, { programs: ['open-masked'] });
    const { stdout } = await rooms.anchor.run({ plank, command: ['open-masked'], identity });
    const [opened, worked] = [true, false].map((yes) =>
      lines(stdout).filter((line) => line.startsWith('opened') === yes),
    );
    t.true(opened!.length >= 7, 'the other names of /proc exist');
    t.deepEqual(worked, []);
    t.deepEqual(hostFacts(), facts);
  });

// What a sibling can reach of a room that begins is a directory that both may write to. There it exchanges what the other will mount
// on, and what bears the names of devices and covers, with links to the kernel's; in its own room it tries the same with the real ones.
test('a thousand rooms begin while another exchanges all it can with links to what is covered', async (t) => {
  const canary = await makeCanary(t);
  const facts = hostFacts();
  const host = await mkdtemp(join(mountable, 'anchor-shared-'));
  t.teardown(() => rm(host, { recursive: true, force: true }));
  await chmod(host, 0o777);
  for (const name of ['kernel', 'dev']) await mkdir(join(host, name));
  for (const name of ['null', 'core_pattern']) await writeFile(join(host, name), 'of the sibling\n');
  const links = {
    'to-kernel': '/proc/sys/kernel',
    'to-dev': canary.directory,
    'to-null': corePattern,
    'to-core': `${canary.directory}/core_pattern`,
  };
  for (const [name, to] of Object.entries(links)) await symlink(to, join(host, name));
  const shared: MountSpec = { host, at: '/shared', access: 'write' };
  const swaps = [
    ['/shared/kernel', '/shared/to-kernel'],
    ['/shared/dev', '/shared/to-dev'],
    ['/shared/null', '/shared/to-null'],
    ['/shared/core_pattern', '/shared/to-core'],
    ['/dev/null', '/tmp/link'],
    ['/proc/kcore', '/tmp/link'],
    ['/proc/sys', '/tmp/link'],
  ];
  const line = `ln -s ${corePattern} /tmp/link; ${swaps.map((pair) => `swap ${pair.join(' ')} &`).join(' ')} wait`;
  const sibling = await rooms.start(t, line, { mounts: [shared] });
  await nextText(sibling.stdout);
  const look = `
    { echo escape > /dev/null; echo escape > /proc/kcore; echo escape > /shared/kernel/core_pattern; } 2>/dev/null
    stat -c %t:%T /dev/null; cat /proc/sys/kernel/core_pattern`;
  const rounds = often(1000);
  const seen = new Map<string, number>();
  const begin = async (round: number): Promise<void> => {
    const mounts: MountSpec[] = [shared];
    if (round % 2 === 0) mounts.push({ tmpfs: '1MiB', at: '/shared/kernel' });
    if (round % 3 === 0) mounts.push({ tmpfs: '1MiB', at: '/shared/dev' });
    const identity = identities[round % 5 === 0 ? 1 : 0];
    try {
      const { stdout } = await rooms.anchor.run(rooms.shell(look, { mounts, identity }));
      t.is(stdout, `1:3\n${before}`);
      seen.set('began', (seen.get('began') ?? 0) + 1);
    } catch (error) {
      // A mount that would lie on one of the kernel's trees.
      t.is((error as RoomError).code, 'ERR_ROOM_MOUNT_TARGET', String(error));
      seen.set('refused', (seen.get('refused') ?? 0) + 1);
    }
  };
  for (let round = 0; round < rounds; round += 8)
    await Promise.all(Array.from({ length: 8 }, (_, index) => begin(round + index)));
  t.true((seen.get('began') ?? 0) > rounds / 4, JSON.stringify([...seen]));
  canary.intact(t);
  t.deepEqual(hostFacts(), facts);
});

// With identity `host` root of the room owns the files of /proc, and their mode is one for all mounts of procfs: for these rooms
// /proc is read-only.
test('root of a room with identity host cannot change the mode of files in /proc for others', async (t) => {
  const file = '/proc/consoles';
  const mode = statSync(file).mode & 0o777;
  t.teardown(() => chmod(file, mode));
  const look = (): Promise<string> => rooms.output(t, `stat -c %a ${file}`);
  const usual = await look();
  await rooms.anchor.run(rooms.shell(`chmod 0 ${file}`, { identity: 'host' }));
  t.is(await look(), usual);
});
