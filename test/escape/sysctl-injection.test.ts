/**
 * Class 22: a sysctl of the host is set from a room or by its spec (CVE-2022-0811, "cr8escape").
 *
 * Rule: a spec has no sysctls, and no free text of it reaches a file of the kernel (roomSpecKeys in src/spec/room-spec.ts,
 * readFields() in src/spec/field.ts refuse every other key). In a mapped room no id of it is root of the host; with identity
 * `host` /proc/sys is read-only (`sealed` in src/host/proc-masks.ts).
 * Mutation: proc-masks.ts: '/proc/sys' left out of `sealed`; for mapped rooms BecomeRoomRoot() (native/init/assemble/privileges.cc)
 * without setns(2).
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { capabilityNames } from '../../src/spec/capabilities.js';
import type { RoomSpec } from '../../src/index.js';
import { hostDirectory, lines, useRooms } from '../helpers/room.js';
import { hostFacts, makeCanary } from './helpers/canary.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);

/** Counters and what other programs on this machine change while the tests run. */
const moving =
  /^\/proc\/sys\/(fs\/(dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota\/.*)|kernel\/(random\/.*|ns_last_pid|pty\/nr|perf_.*|tainted)|vm\/stat_refresh|net\/netfilter\/nf_conntrack_count|sunrpc\/.*)$/;

function sysctls(directory = '/proc/sys'): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || moving.test(path)) continue;
    try {
      found.set(path, readFileSync(path, 'utf8'));
    } catch {
      // Some can only be written.
    }
  }
  return found;
}

const before = sysctls();
test.after.always('the sysctls of the host are what they were', (t) => {
  const now = sysctls();
  // Those of a network device that somebody has removed are gone.
  const changed = [...before].filter(([path, value]) => now.has(path) && now.get(path) !== value);
  // A test of this file that fails must not leave the machine with what it has failed for.
  for (const [path, value] of changed) writeFileSync(path, value);
  t.deepEqual(
    changed.map(([path, value]) => `${path}: ${value} became ${now.get(path)}`),
    [],
  );
});

const kinds: Readonly<Record<string, Partial<RoomSpec>>> = {
  'the usual room': {},
  'a room with identity host': { identity: 'host' },
  'a room with every capability': { capabilities: capabilityNames },
};

for (const [what, more] of Object.entries(kinds))
  test(`${what} sets nothing for the host`, async (t) => {
    const facts = hostFacts();
    const plank = await hostilePlank(t, { programs: ['write-sysctls'] });
    const { stdout, outcome } = await rooms.anchor.run({ plank, command: ['write-sysctls'], ...more });
    t.is(outcome.exitCode, 0);
    // A user namespace of its own has limits of its own; everything else belongs to the host.
    t.deepEqual(
      lines(stdout).filter(
        (line) => !/^WROTE \/proc\/(sys|self\/root\/proc\/sys\/fs\/\.\.)\/user\//.test(line),
      ),
      ['end'],
    );
    t.deepEqual(hostFacts(), facts);
  });

for (const key of [
  'sysctl',
  'sysctls',
  'sysctl.kernel.core_pattern',
  'annotations',
  'kernel',
  'linux',
  'hooks',
  '__proto__',
])
  test(`a spec has no ${key}`, async (t) => {
    const spec = JSON.parse(
      `{ "plank": ${JSON.stringify(rooms.plank)}, "command": ["true"], ${JSON.stringify(key)}: { "kernel.core_pattern": "|/escape" } }`,
    ) as RoomSpec;
    await t.throwsAsync(rooms.anchor.spawn(spec), { code: 'ERR_ROOM_SPEC_UNKNOWN_KEY' });
  });

test('the published schema has no word for it either', (t) => {
  const schema = readFileSync('schema/room-spec.schema.json', 'utf8');
  t.notRegex(schema, /sysctl|annotation|hook/i);
});

const injections = [
  'x+kernel.core_pattern=|/escape',
  'x\nkernel.core_pattern=|/escape',
  'x,kernel=1',
  'x kernel=1',
  '../kernel',
];

test('no other text of a spec is taken for one', async (t) => {
  for (const text of injections)
    for (const more of [
      { hostname: text },
      { user: text },
      { limits: { memory: text } },
      { limits: { io: [{ device: `8:0 ${text}`, readBytesPerSecond: 1 }] } },
      { rlimits: { [text]: 1 } },
      { lifetime: text },
      { mounts: [{ tmpfs: `1MiB,${text}`, at: '/x' }] },
      { mounts: [{ tmpfs: '1MiB', at: '/x', mode: text }] },
      { capabilities: [text] },
      { network: text },
    ] as unknown as Partial<RoomSpec>[]) {
      const error = await t.throwsAsync(rooms.anchor.spawn(rooms.spec(['true'], more)));
      t.regex((error as { code: string } & Error).code, /^ERR_ROOM_SPEC_/, JSON.stringify(more));
    }
});

test('paths are paths, whatever options a mount would read in them', async (t) => {
  const canary = await makeCanary(t);
  const host = await hostDirectory(t);
  const options = `,lowerdir=${canary.directory.replaceAll('/', ':')},upperdir=x,suid,dev`;
  await mkdir(join(host, options));
  const plank = join(host, options, `a:b,upperdir=\\${options}.sqsh`);
  await copyFile(rooms.plank, plank);
  for (const at of [`/${options}`, '/line\nbreak / / rw - tmpfs /x rw,dev,suid', '/a:b\\054']) {
    const { stdout, room } = await rooms.anchor.run({
      plank,
      command: ['sh', '-c', 'cat "$0/file" && cut -d" " -f4-6 /proc/self/mountinfo', at],
      mounts: [{ host, at }],
    });
    const [content, ...mounts] = lines(stdout);
    t.is(content, 'content');
    t.true(room.granted.mounts.some((mount) => mount.at === at));
    for (const mount of mounts) t.regex(mount, /nosuid/, 'every mount of a room, and no line more');
    t.is(mounts.length, room.granted.mounts.length + 1);
  }
  canary.intact(t);
});
