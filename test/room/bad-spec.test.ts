import test from 'ava';
import type { RoomSpec } from '../../src/index.js';
import { assertNothingLeft, standing } from '../helpers/leftovers.js';
import { useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 0 });

/** One mistake for each field; test/spec has the others. */
const mistakes: readonly (readonly [field: string, more: Record<string, unknown>])[] = [
  ['plank', { plank: '' }],
  ['plank', { plank: 'a\0b.sqsh' }],
  ['plankDigest', { plankDigest: 'sha256:1' }],
  ['command', { command: [] }],
  ['command[0]', { command: [7] }],
  ['command[1]', { command: ['true', 'a\0b'] }],
  ['env.A', { env: { A: 1 } }],
  ['env', { env: [] }],
  ['cwd', { cwd: 'relative' }],
  ['cwd', { cwd: '/a/../b' }],
  ['hostname', { hostname: 'two\nlines' }],
  ['user', { user: '1e3' }],
  ['user', { user: 4_294_967_295 }],
  ['identity', { identity: 'both' }],
  ['mounts[0].at', { mounts: [{ tmpfs: '1MiB', at: '/../outside' }] }],
  [
    'mounts[1].at',
    {
      mounts: [
        { tmpfs: '1MiB', at: '/a' },
        { tmpfs: '1MiB', at: '/a/' },
      ],
    },
  ],
  ['mounts[0].at', { mounts: [{ tmpfs: '1MiB', at: '/proc/x' }] }],
  ['mounts[0].host', { mounts: [{ host: 'relative', at: '/a' }] }],
  ['limits.memory', { limits: { memory: '1 GB' } }],
  ['limits.disk', { limits: { disk: 1 } }],
  ['rlimits.nofile', { rlimits: { nofile: -1 } }],
  ['lifetime', { lifetime: 0 }],
  ['network', { network: 'host' }],
  ['gpu', { gpu: true }],
  ['capabilities[0]', { capabilities: ['CAP_CHOWN'] }],
  ['capabilities', { capabilities: ['CHOWN'], identity: 'host' }],
  ['seccomp', { seccomp: 'none at all' }],
  ['seccomp', { seccomp: { allow: ['unshare'] }, identity: 'host' }],
  ['stdio', { stdio: 'tty' }],
  ['readOnlyRoot', { readOnlyRoot: 'yes' }],
  ['memory', { memory: '1GiB' }],
];

for (const [at, [field, more]] of mistakes.entries())
  test.serial(`mistake ${at} is refused by the name of its field, ${field}`, async (t) => {
    const before = await standing(rooms.plank);
    const error = await t.throwsAsync<Error & { field: string; code: string }>(
      rooms.anchor.spawn({ ...rooms.shell('true'), ...more }),
    );
    t.true(error instanceof TypeError || error instanceof RangeError);
    t.is(error.field, field);
    t.true(error.message.startsWith(field));
    t.regex(error.code, /^ERR_ROOM_SPEC_/);
    t.is(rooms.anchor.rooms.size, 0);
    await assertNothingLeft(t, before, rooms.plank);
  });

test.serial('what is no spec at all is refused', async (t) => {
  for (const spec of [undefined, null, 7, 'true', [], () => {}])
    await t.throwsAsync(rooms.anchor.spawn(spec as unknown as RoomSpec), { instanceOf: TypeError });
});
