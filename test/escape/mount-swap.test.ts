/**
 * Class 5: the source or the target of a mount is swapped between the check and the mount by a room that may write to a
 * directory which another one gets (CVE-2021-30465, CVE-2024-45310, CVE-2019-16884, CVE-2017-1002101, CVE-2024-42472).
 *
 * Rule: a source is opened once, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, and what was opened is what is cloned:
 * CloneHostTree() in native/launch/sources.cc. A target is opened once below the room's root, and the mount is moved onto
 * what was opened: AttachOne() in native/init/assemble/mounts.cc, OpenBelow() in native/init/assemble/target.cc.
 * Links in `host` are followed one by one, and not in what a room may write to: followLinks() in src/host/source-path.ts,
 * plantedLink() in src/host/mount-sources.ts.
 * Mutation: `holds()` of src/host/written-trees.ts answers false; CloneHostTree(): `OpenHost(workshop, mount.source, O_PATH)` without the two flags.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Anchor, type MountSpec, type RoomError, type RoomSpec } from '../../src/index.js';
import { mountable, nextText, often, useRooms } from '../helpers/room.js';
import { hostFacts, makeCanary, mountPoints } from './helpers/canary.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);

/** A directory that a hostile room may write to; it has a directory `a`, a file `f`, and a directory `deep/er`. */
async function shared(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(mountable, 'anchor-shared-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  for (const name of ['a', 'deep/er']) await mkdir(join(directory, name), { recursive: true });
  for (const name of ['f', 'a/which', 'deep/er/which']) await writeFile(join(directory, name), 'shared');
  return directory;
}

/** Starts a room that exchanges two names of the shared directory as long as the test runs. */
async function swapping(t: ExecutionContext, directory: string, one: string, other: string): Promise<void> {
  const room = await rooms.start(t, `exec swap /shared/${one} /shared/${other}`, {
    mounts: [{ host: directory, at: '/shared', access: 'write' }],
  });
  await nextText(room.stdout);
}

/** What a room printed and what it was granted, or the code of a refusal. Other failures fail the test. */
async function outcome(
  t: ExecutionContext,
  spec: RoomSpec,
  anchor = rooms.anchor,
): Promise<{ stdout: string; source: string | null }> {
  try {
    const { stdout, room } = await anchor.run(spec);
    const source = room.granted.mounts.find(({ at }) => at === '/victim')?.source ?? null;
    return { stdout, source };
  } catch (error) {
    const { code = 'none', stack } = error as Partial<RoomError>;
    t.regex(code, /^ERR_ROOM_MOUNT_(SOURCE|TARGET)$/, stack);
    return { stdout: 'refused', source: null };
  }
}

interface Swap {
  readonly what: string;
  /** Exchanged with a link of the name `link`. */
  readonly name: string;
  /** Where the link leads, from the canary's directory. */
  readonly to: (canary: string) => string;
  /** The source that the other room asks for. */
  readonly source: string;
  readonly read: string;
}

const swaps: readonly Swap[] = [
  {
    what: 'the directory itself with an absolute link',
    name: 'a',
    to: (canary) => canary,
    source: 'a',
    read: '/victim/which /victim/secret',
  },
  {
    what: 'a file with a link that climbs',
    name: 'f',
    to: (canary) => `../../../..${canary}/secret`,
    source: 'f',
    read: '/victim',
  },
  {
    what: 'a directory on the way',
    name: 'deep',
    to: (canary) => canary,
    source: 'deep/er',
    read: '/victim/which /victim/secret',
  },
];

for (const { what, name, to, source, read } of swaps)
  test.serial(`what is mounted is what is granted while another room swaps ${what}`, async (t) => {
    const canary = await makeCanary(t);
    const host = await shared(t);
    // One that does not know that a room may write there, so that it follows links.
    const anchor = await Anchor.open();
    t.teardown(() => anchor.close());
    // A place of the name that is asked for: without it the link would lead nowhere.
    await mkdir(join(canary.directory, 'er'));
    await writeFile(join(canary.directory, 'er/secret'), canary.token);
    await symlink(to(canary.directory), join(host, 'link'));
    await swapping(t, host, name, 'link');
    const seen = new Map<string, number>();
    for (let round = 0; round < often(150); round++) {
      const mount: MountSpec = { host: join(host, source), at: '/victim', access: 'write' };
      const { stdout, source: granted } = await outcome(
        t,
        rooms.shell(`cat ${read} 2>/dev/null; true`, { mounts: [mount] }),
        anchor,
      );
      if (stdout.includes(canary.token)) t.true(granted?.startsWith(canary.directory), `granted ${granted}`);
      if (stdout.includes('shared')) t.true(granted?.startsWith(host), `granted ${granted}`);
      const kind = stdout === 'refused' ? stdout : stdout.includes('shared') ? 'inside' : 'followed';
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    t.true(seen.size > 1, `the swapping was noticed: ${JSON.stringify([...seen])}`);
  });

const targets = [
  (canary: string): string => canary,
  (canary: string): string => `../../../../../..${canary}`,
  (): string => '/proc/sys/kernel',
  (): string => '../proc/self',
  (): string => '/dev/shm',
  (): string => '/',
];

for (const identity of ['mapped', 'host'] as const)
  test.serial(
    `a target that another room swaps with a link is never on the host, identity ${identity}`,
    async (t) => {
      const canary = await makeCanary(t);
      const facts = hostFacts();
      for (const [index, to] of targets.entries()) {
        const host = await shared(t);
        await rm(join(host, 'a/which'));
        await symlink(to(canary.directory), join(host, 'link'));
        await swapping(t, host, 'a', 'link');
        const seen = new Set<string>();
        for (let round = 0; round < often(45); round++) {
          const access = round % 2 === 0 ? 'read' : 'write';
          const { stdout } = await outcome(
            t,
            rooms.shell('touch /shared/a/in /shared/link/in /shared/a/new/in 2>/dev/null; echo ran', {
              identity,
              mounts: [
                { host, at: '/shared', access },
                { tmpfs: '1MiB', at: '/shared/a' },
                ...(round % 3 === 0 ? [{ tmpfs: '1MiB', at: '/shared/a/new' } as const] : []),
              ],
            }),
          );
          seen.add(stdout);
          t.deepEqual(
            mountPoints().filter((point) => point.startsWith(host) || point.startsWith(canary.directory)),
            [],
          );
        }
        t.true(seen.size > 0, String(index));
        canary.intact(t, to(canary.directory));
        t.false(existsSync('/in') || existsSync('/new'));
      }
      t.deepEqual(hostFacts(), facts);
    },
  );

// A room that may write to a directory leaves a link in it, and the next one gets a part of that directory (CVE-2024-42472): links
// in what was mounted with access 'write' are not followed, neither by the next spec nor by the same one.
test.serial('a link that a room has left is not the source of the next mount', async (t) => {
  const canary = await makeCanary(t);
  const host = await shared(t);
  await rooms.output(t, `rm -r /shared/a; ln -s ${canary.directory} /shared/a`, {
    mounts: [{ host, at: '/shared', access: 'write' }],
  });
  const next: MountSpec = { host: join(host, 'a'), at: '/victim', access: 'write' };
  const { stdout } = await outcome(
    t,
    rooms.shell('cat /victim/secret; echo escaped > /victim/secret', { mounts: [next] }),
  );
  t.false(stdout.includes(canary.token));
  canary.intact(t);
});

// With RESOLVE_IN_ROOT the kernel answers EAGAIN to `..` when anything was renamed or mounted since the lookup began, so a room that
// renames in a loop could keep others from starting and from their files: OpenInRoot() in native/sys/open_in_root.cc.
test.serial('a room that renames for ever does not keep others from what they have', async (t) => {
  const hops = Array.from({ length: 30 }, (_, hop) => [`a/b/${hop}`, `../../a/b/${hop + 1}`]);
  const plank = await hostilePlank(t, {
    directories: ['a/b/30'],
    links: Object.fromEntries(hops) as Record<string, string>,
  });
  const room = await rooms.anchor.spawn({ plank, command: ['sleep', '1000'] });
  t.teardown(() => room.destroy());
  for (let neighbour = 0; neighbour < 2; neighbour++) {
    const busy = await rooms.start(t, 'mkdir /tmp/a /tmp/b; exec swap /tmp/a /tmp/b');
    await nextText(busy.stdout);
  }
  for (let round = 0; round < 100; round++) {
    for (const hop of [0, 10, 20]) await room.files.list(`/a/b/${hop}`);
    const mounts = [{ tmpfs: '1MiB', at: '/a/b/0/new' }];
    await rooms.anchor.run({ plank, command: ['true'], mounts });
  }
  t.pass();
});
