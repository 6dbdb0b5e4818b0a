// Class 12: the page cache has no namespace, so that one room changes a plank for all (CVE-2026-31431 "Copy Fail",
// CVE-2022-0847 "Dirty Pipe", CVE-2016-5195 "Dirty COW").
// Rule: planks are mounted read-only below an overlay, so that a write makes a copy in the room's own layer (kAttributes in
//   native/launch/planks.cc, MakeRoot() in native/init/assemble/root.cc); mounts are read-only unless the spec says otherwise
//   (planBind() in src/plan/mounts.ts). What has written past that is refused: AF_ALG (row `socket` of
//   src/plan/seccomp/default-profile.ts), io_uring, userfaultfd, ptrace and process_vm_writev.
// Mutation: in planBind() leave out MOUNT_ATTR_RDONLY; or in the row `socket` add int(0, 'NE', 38) to the first list of conditions.
//   (The kernels of these tests have none of the three bugs: the other tries are for the day when one comes back.)
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { RoomSpec } from '../../src/index.js';
import { syscallNumbers } from '../../src/plan/seccomp/syscalls-x64.js';
import { lines, useRooms } from '../helpers/room.js';
import { armed, attack } from './helpers/hostile-program.js';
import { verdicts } from './helpers/syscall-probe.js';
import { idleRoom, saidBy } from './helpers/two-rooms.js';

const rooms = useRooms(test);
const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Files of the plank that the rooms share: one that is executed, one that is read. */
const shared = ['/bin/busybox', '/etc/passwd'];
const hashes = ['sh', '-c', `sha256sum ${shared.join(' ')}`];

/** What must not even begin. The rest may do what it likes to a copy. */
const refused =
  /^(mmap|mprotect|AF_ALG|process_vm_writev|ptrace|io_uring|userfaultfd|madvise|ftruncate|fallocate|FS_IOC|map_files)/;

const users: readonly Partial<RoomSpec>[] = [{}, { user: 'app' }, { identity: 'host' }];

for (const more of users)
  test(`no attack on shared pages reaches another room or the image, as ${JSON.stringify(more)}`, async (t) => {
    const image = digest(rooms.plank);
    const neighbour = await idleRoom(t, rooms);
    const before = await saidBy(neighbour, hashes);
    t.is(lines(before).length, shared.length);
    for (const file of shared) {
      const results = await attack(t, rooms, ['page-cache', file], more);
      t.true(results.length > 20);
      t.deepEqual(
        results.filter((line) => refused.test(line) && line.endsWith(' 0')),
        [],
      );
      // The tries are real: they got as far as a kernel with the bug would have let them.
      t.true(results.includes('dirty-pipe(splice) 0'), results.join());
      // Where root of the room has the ids of the host, /proc is read-only.
      t.true(results.includes('dirty-cow 0') || results.includes('dirty-cow EROFS'), results.join());
    }
    t.is(await saidBy(neighbour, hashes), before, 'a room that lives');
    t.is(await rooms.output(t, hashes[2] ?? ''), before, 'a room that comes later');
    t.is(digest(rooms.plank), image, 'the image');
  });

test('the filter refuses sockets of the kernel’s ciphers, on kernels that have none as well', async (t) => {
  const asked = [syscallNumbers.socket, syscallNumbers.socketpair].map((number) => `${number},38,5,0`);
  t.deepEqual(
    [...(await verdicts(t, rooms, ['call', ...asked]))],
    asked.map((call) => [call, 'EAFNOSUPPORT']),
  );
});

test('a file of the host that is mounted to be read stays as it is', async (t) => {
  const file = join(rooms.directory, 'read-only');
  await writeFile(file, 'of the host\n'.repeat(1000));
  await chmod(file, 0o666);
  const before = digest(file);
  for (const more of users) {
    const mounts = [{ host: file, at: '/data' }];
    const results = await attack(t, rooms, ['page-cache', '/data'], { ...more, mounts });
    t.deepEqual(
      results.filter(
        (line) => /^(open|mmap|mprotect|madvise|ftruncate|fallocate)/.test(line) && line.endsWith(' 0'),
      ),
      [],
    );
    t.is(digest(file), before);
  }
});

test('the program that a room-mate executes cannot be written while it runs', async (t) => {
  const before = digest('build/Release/room-init');
  const output = await rooms.output(
    t,
    `for f in /proc/1/exe /proc/1/map_files/* /proc/1/mem /proc/self/exe /proc/self/map_files/*; do
       { true >> $f; } 2>/dev/null && echo "$f can be written"
     done; true`,
    await armed(),
  );
  t.is(output, '');
  t.is(digest('build/Release/room-init'), before);
});
