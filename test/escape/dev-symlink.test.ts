/**
 * Class 4: /dev of the image, or another place where something is made or mounted, is a link to the host
 * (CVE-2026-41579, CVE-2026-47766, CVE-2025-24965).
 *
 * Rule: every target is opened by openat2(2) below the room's root, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, and with
 * RESOLVE_NO_SYMLINKS where the mount is one that every room has: OpenBelow() in native/init/assemble/target.cc. What is missing
 * is made by mkdirat and mknodat below a directory that was opened so: OpenTarget() there.
 * Mutation: OpenBelow(): leave out `(links ? 0 : RESOLVE_NO_SYMLINKS)`, or RESOLVE_IN_ROOT.
 */
import { existsSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { RoomError, RoomSpec, RunResult } from '../../src/index.js';
import { hostDirectory, lines, useRooms } from '../helpers/room.js';
import { hostFacts, makeCanary } from './helpers/canary.js';
import { hostilePlank, type HostileTree } from './helpers/hostile-plank.js';

const rooms = useRooms(test);

/** The error that a room with this plank is refused with. */
async function refusal(t: ExecutionContext, spec: RoomSpec, message: string): Promise<RoomError> {
  const error = await t.throwsAsync(rooms.anchor.spawn(spec), undefined, message);
  t.is((error as RoomError).code, 'ERR_ROOM_MOUNT_TARGET', message);
  return error as RoomError;
}

/** A link that leads to `end` by others, as many as the kernel follows unless `length` says so. */
function chain(name: string, end: string, length = 38): Record<string, string> {
  const hops = Array.from({ length }, (_, hop) => [`hops/${hop}`, `/hops/${hop + 1}`]);
  return { [name]: '/hops/0', ...Object.fromEntries(hops), [`hops/${length}`]: end };
}

for (const tree of ['dev', 'proc', 'sys'])
  test(`a room whose image has a link at /${tree} is refused, wherever it leads`, async (t) => {
    const canary = await makeCanary(t);
    const facts = hostFacts();
    const { directory } = canary;
    const hostile: HostileTree[] = [
      directory,
      `../../../../../../../..${directory}`,
      `usr/local/../../../..${directory}`,
      `/proc/1/root${directory}`,
      `/proc/self/cwd/../../../..${directory}`,
      `//${directory}/./new/..`,
      '/inside',
      '.',
      'x'.repeat(4095),
    ].map((to) => ({ links: { [tree]: to } }));
    hostile.push({ links: chain(tree, directory) });
    for (const kind of ['p', 'c 1 5', 'b 7 0']) hostile.push({ nodes: { [tree]: kind } });
    hostile.push({ files: { [tree]: 'a file' } });
    for (const each of hostile) {
      const plank = await hostilePlank(t, { bare: true, directories: ['inside/pts', 'inside/shm'], ...each });
      const error = await refusal(t, { plank, command: ['/none'] }, JSON.stringify(each).slice(0, 200));
      t.is(error.path, `/${tree}`);
    }
    canary.intact(t);
    t.deepEqual(hostFacts(), facts);
  });

/** Runs a room; tests that run at the same time rename a lot, which the kernel answers with EAGAIN where a link has `..`. */
async function patiently(spec: RoomSpec): Promise<RunResult> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await rooms.anchor.run(spec);
    } catch (error) {
      if ((error as RoomError).errno !== -constants.errno.EAGAIN || attempt === 100) throw error;
    }
  }
}

const places = ['run', 'etc', 'srv/a/b', 'home/app', 'var'];

test('mounts that a spec asks for behind links to the host are refused, and nothing is made there', async (t) => {
  const canary = await makeCanary(t);
  const host = await hostDirectory(t);
  for (const to of [canary.directory, `../../../../../..${canary.directory}`]) {
    const links = Object.fromEntries(places.map((place) => [place, to]));
    const plank = await hostilePlank(t, { bare: true, links: { ...links, ...chain('far', to) } });
    for (const place of [...places, 'far'])
      for (const below of ['', '/new', '/made/deep', '/secret', '/kernel/core_pattern'])
        for (const mount of [
          { tmpfs: '1MiB', at: `/${place}${below}` },
          { host: join(host, 'file'), at: `/${place}${below}` },
        ])
          await refusal(t, { plank, command: ['/none'], mounts: [mount] }, mount.at);
  }
  canary.intact(t);
});

test('where the room has a place of that name, the mount is there and not on the host', async (t) => {
  const canary = await makeCanary(t);
  const host = await hostDirectory(t);
  const inside = canary.directory.slice(1);
  for (const to of [canary.directory, `../../../../../..${canary.directory}`]) {
    const plank = await hostilePlank(t, {
      // Half of what the kernel follows: of all, one was now and then too many on a busy machine (ELOOP). It seems to count on where it begins a path anew.
      links: { ...Object.fromEntries(places.map((place) => [place, to])), ...chain('far', to, 18) },
      directories: [`${inside}/new`],
      files: { [`${inside}/secret`]: 'of the room\n' },
    });
    for (const place of [...places, 'far']) {
      const { stdout } = await patiently({
        plank,
        command: [
          'sh',
          '-c',
          `cd /${place}; touch new/x made/deep/x; cat secret; cut -d' ' -f5 /proc/self/mountinfo | grep ^/${inside}`,
        ],
        mounts: [
          { tmpfs: '1MiB', at: `/${place}/new` },
          { tmpfs: '1MiB', at: `/${place}/made/deep` },
          { host: join(host, 'file'), at: `/${place}/secret` },
        ],
      });
      const expected = ['new', 'secret', 'made/deep'].map((name) => `${canary.directory}/${name}`);
      t.deepEqual(lines(stdout), ['content', ...expected], `/${place} -> ${to}`);
    }
  }
  canary.intact(t);
  t.deepEqual(readdirSync(host), ['file']);
});

test('links by way of a process or a descriptor are followed nowhere', async (t) => {
  const canary = await makeCanary(t);
  const magic = [
    ...Array.from({ length: 24 }, (_, fd) => [`/proc/self/fd/${fd}`, `/dev/fd/${fd}`]).flat(),
    ...['root', 'cwd', 'exe', 'ns/mnt'].flatMap((name) => [`/proc/self/${name}`, `/proc/1/${name}`]),
    '/proc/thread-self/root',
    '/dev/stdin',
    '/dev/stderr',
  ];
  const plank = await hostilePlank(t, {
    bare: true,
    links: Object.fromEntries(magic.map((to, index) => [`magic-${index}`, to])),
  });
  for (const [index, to] of magic.entries())
    for (const at of [`/magic-${index}`, `/magic-${index}/new`, `/magic-${index}${canary.directory}`])
      await refusal(t, { plank, command: ['/none'], mounts: [{ tmpfs: '1MiB', at }] }, `${at} -> ${to}`);
  canary.intact(t);
  t.false(existsSync('/new'));
});

// A spec may not mount at /proc, /sys, /dev or below (docs/spec.md), and no link of the image leads a mount there:
// OpenDeclaredTarget() in native/init/assemble/target.cc looks at the file system that the target lies on.
test('a link of the image leads no mount to /proc, /sys or /dev', async (t) => {
  const links = { a: '/proc', b: '/sys', c: '/dev', d: '/proc/sys/kernel', e: '/sys/firmware' };
  const plank = await hostilePlank(t, { bare: true, links });
  for (const name of Object.keys(links))
    await refusal(t, { plank, command: ['/none'], mounts: [{ tmpfs: '1MiB', at: `/${name}` }] }, name);
});
