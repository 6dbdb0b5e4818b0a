// Class 16: a user string is parsed to the wrong id (CVE-2026-30892 crun exec -u, CVE-2016-3697).
// Rule: parseUser() in src/spec/user.ts takes plain decimal numbers and names, parsePasswd() in src/host/passwd.ts believes
//   nothing that a plank says, resolveUser() in src/host/user.ts keeps to the ids that the room has, and names of exec are those
//   of the plank (resolveExecUser() in src/room/exec-user.ts). SetIds() in native/init/run.cc sets what it was told.
// Mutation: in parseId() of passwd.ts return Number(text) without looking; or in user.ts replace `id` by '[0-9a-fxXe+-]+';
//   or in resolveUser() leave out the comparison with `idLimit`; or in SetIds() leave out the call of setresuid.
import { execFile } from 'node:child_process';
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { RoomError } from '../../src/index.js';
import { nextText, useRooms } from '../helpers/room.js';
import { baseOf, processesWithIds } from './helpers/room-processes.js';
import { smallPlank } from './helpers/small-plank.js';

const rooms = useRooms(test);
const run = promisify(execFile);

/** What some reader or other takes for an id. */
// prettier-ignore
const strange: readonly unknown[] = [
  '1e3', '0x0', '0X3e8', '-1', '-0', '+0', '+1000', '4294967295', '4294967296', '18446744073709551616', '1000:', ':0', ':',
  '1 000', ' 0', '0 ', '0\n', '0\0', '0\u00a0', '00', '01000', '0o0', '0b0', '1.0', '1_000', '1000,0', '#0', '0:0:0', '0:-1', '1000:0x0',
  '٠', '０', 'root ', ' root', 'root:', 'root\n', 'root\0app', 'root:root:root', 'ro ot', '../root', 'NaN', 'Infinity', '',
  -1, 0.5, NaN, Infinity, 2 ** 32, 2 ** 32 - 1, 2 ** 53, 65_536, true, null, [0], ['root'], { uid: 0 }, { toString: () => '0' }, 0n, new Number(0), new String('0'),
];

const refusals = ['ERR_ROOM_SPEC_TYPE', 'ERR_ROOM_SPEC_VALUE', 'ERR_ROOM_USER_NOT_FOUND'];

test('no strange user makes a room', async (t) => {
  for (const user of strange) {
    const spec = { ...rooms.shell('id -u'), user } as never;
    const error = await t.throwsAsync(rooms.anchor.run(spec), undefined, JSON.stringify(String(user)));
    t.true(refusals.includes((error as RoomError).code), String(error));
  }
  t.is(rooms.anchor.rooms.size, 0);
});

test('nor a process in one, whoever the room is', async (t) => {
  const room = await rooms.start(t, 'sleep 1000', { user: 'app' });
  for (const user of strange) {
    const error = await t.throwsAsync(room.exec(['id', '-u'], { user } as never));
    t.true(refusals.includes((error as RoomError).code), String(error));
  }
  t.deepEqual(
    processesWithIds(baseOf(room)).map(({ pid }) => pid === room.pid),
    [true, false],
    'room-init and the command',
  );
});

test('what the host sees is the id that was asked for, in the range of the room', async (t) => {
  for (const [user, id] of [
    ['app', 1000],
    ['1000', 1000],
    [7, 7],
    ['65535:65535', 65_535],
    ['nobody', 65_534],
    ['root', 0],
    ['0', 0],
  ] as const) {
    const room = await rooms.start(t, 'echo ready; exec sleep 1000', { user });
    await nextText(room.stdout);
    const base = baseOf(room);
    const command = processesWithIds(base).find(({ pid }) => pid !== room.pid);
    t.deepEqual(command?.uids, [base + id, base + id, base + id, base + id], String(user));
    await room.destroy();
  }
});

// prettier-ignore
const lies = [
  'hex:x:0x0:0x0::/:/bin/sh', 'wrap:x:4294967296:4294967296::/:/bin/sh', 'wide:x:18446744073709551616:0::/:/bin/sh', 'nobody1:x:-1:-1::/:/bin/sh',
  'all:x:4294967295:0::/:/bin/sh', 'exp:x:0e0:0::/:/bin/sh', 'plus:x:+0:+0::/:/bin/sh', 'space:x: 0: 0::/:/bin/sh', 'empty:x::::/:/bin/sh',
  'short:x:0:0', 'long:x:0:0::/:/bin/sh:more', 'dot:x:0.0:0::/:/bin/sh', 'outside:x:65536:65536::/:/bin/sh', 'arabic:x:٠:0::/:/bin/sh',
  'host:x:524288:524288::/:/bin/sh', 'toolong:x:00000000000:0::/:/bin/sh',
];

test('an account that lies about its number is no account', async (t) => {
  const plank = await smallPlank(rooms.directory, async (tree) => {
    const etc = join(tree, 'etc');
    await writeFile(join(etc, 'passwd'), [...lies, 'honest:x:1234:1234::/:/bin/sh', 'honest:x:0:0::/:/bin/sh', ''].join('\n'));
    await writeFile(join(etc, 'group'), 'wheel:x:0x0:\nhonest:x:1234:honest\n');
  }); // prettier-ignore
  const room = await rooms.anchor.spawn({ plank, command: ['sleep', '1000'] });
  t.teardown(() => room.destroy());
  for (const lie of lies) {
    const user = lie.split(':')[0] ?? '';
    for (const attempt of [
      rooms.anchor.run({ plank, command: ['id', '-u'], user }),
      room.exec(['id', '-u'], { user }),
    ]) {
      const error = await t.throwsAsync(attempt, undefined, lie);
      t.true(refusals.includes((error as RoomError).code), `${lie}: ${String(error)}`);
    }
  }
  await t.throwsAsync(rooms.anchor.run({ plank, command: ['id'], user: 'honest:wheel' }));
  const { stdout } = await rooms.anchor.run({ plank, command: ['id', '-u'], user: 'honest' });
  t.is(stdout.trim(), '1234');
});

test('a plank whose accounts are a trap is told as such, at once, and nothing of the host is read', async (t) => {
  const traps: Readonly<Record<string, (etc: string) => Promise<unknown>>> = {
    'a FIFO': (etc) => run('mkfifo', [join(etc, 'passwd')]),
    'a device': (etc) => run('mknod', [join(etc, 'passwd'), 'c', '1', '5']),
    'a directory': (etc) => mkdir(join(etc, 'passwd')),
    'a link to the host': (etc) => symlink('/etc/passwd', join(etc, 'passwd')),
    'a link that climbs': (etc) => symlink('../../../../../../../../etc/passwd', join(etc, 'passwd')),
    'a link to a descriptor': (etc) => symlink('/proc/self/fd/0', join(etc, 'passwd')),
    'a link in a circle': (etc) => symlink('passwd', join(etc, 'passwd')),
    'more than any host has users for': async (etc) => {
      await writeFile(join(etc, 'passwd'), '');
      await truncate(join(etc, 'passwd'), 2 ** 26);
    },
  };
  for (const [what, make] of Object.entries(traps)) {
    const plank = await smallPlank(rooms.directory, async (tree) => {
      const etc = join(tree, 'etc');
      await rm(join(etc, 'passwd'));
      await make(etc);
    });
    // `daemon` is an account of every host.
    for (const user of ['daemon', 'sync']) {
      const error = await t.throwsAsync(
        rooms.anchor.run({ plank, command: ['id', '-u'], user }),
        undefined,
        what,
      );
      t.regex(
        (error as RoomError).code,
        /^ERR_ROOM_(USER_NOT_FOUND|PLANK_INVALID|LAUNCH|FILE)$/,
        `${what}: ${String(error)}`,
      );
    }
    // Not by id(1): that would read the trap itself.
    const { stdout } = await rooms.anchor.run({
      plank,
      command: ['grep', 'Uid', '/proc/self/status'],
      user: '7',
    });
    t.is(stdout, 'Uid:\t7\t7\t7\t7\n', what);
  }
});
