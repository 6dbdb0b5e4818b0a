import test from 'ava';
import { resolveUser } from '../../src/host/user.js';

const files: Record<string, string> = {
  '/etc/passwd': 'root:x:7:7:evil:/evil:\nme:x:1000:100::/home/me:\nme:x:0:0:::\nbig:x:70000:1:::\n',
  '/etc/group':
    'root:x:7:\nusers:x:100:\naudio:x:29:you,me\nwheel:x:10:me,me\nhuge:x:70000:me\nnotme:x:30:metoo\n',
};
const read = async (path: string): Promise<string | null> => files[path] ?? null;
const never = async (): Promise<string | null> => {
  throw new Error('was read');
};

test('root is 0:0 and nothing is read', async (t) => {
  const root = { uid: 0, gid: 0, groups: [0], name: 'root', home: '/root' };
  t.deepEqual(await resolveUser({ kind: 'name', user: 'root', group: null }, never, 65_536), root);
  t.deepEqual(await resolveUser({ kind: 'name', user: 'root', group: 'root' }, never, 65_536), root);
  t.deepEqual(await resolveUser({ kind: 'ids', uid: 0, gid: null }, never, 65_536), root);
});

test('root with another group', async (t) => {
  const user = await resolveUser({ kind: 'name', user: 'root', group: 'audio' }, read, 65_536);
  t.like(user, { uid: 0, gid: 29 });
});

test('numbers mean themselves', async (t) => {
  const user = await resolveUser({ kind: 'ids', uid: 5, gid: 6 }, never, 65_536);
  t.deepEqual(user, { uid: 5, gid: 6, groups: [6], name: null, home: null });
});

test('a uid without a gid', async (t) => {
  t.like(await resolveUser({ kind: 'ids', uid: 1000, gid: null }, read, 65_536), { gid: 100, name: 'me' });
  t.like(await resolveUser({ kind: 'ids', uid: 1234, gid: null }, read, 65_536), { gid: 1234, name: null });
});

test('a name brings its groups, as far as the room has them', async (t) => {
  const user = await resolveUser({ kind: 'name', user: 'me', group: null }, read, 65_536);
  t.deepEqual(user, { uid: 1000, gid: 100, groups: [10, 29, 100], name: 'me', home: '/home/me' });
});

test('a group by hand is the only one', async (t) => {
  t.like(await resolveUser({ kind: 'name', user: 'me', group: 'wheel' }, read, 65_536), {
    gid: 10,
    groups: [10],
  });
  t.like(await resolveUser({ kind: 'name', user: 'me', group: 55 }, read, 65_536), { gid: 55, groups: [55] });
});

for (const [user, group] of [
  ['nobody-here', null],
  ['me', 'no-such-group'],
] as const) {
  test(`not in the plank: ${user}:${group ?? ''}`, async (t) => {
    const error = await t.throwsAsync(resolveUser({ kind: 'name', user, group }, read, 65_536));
    t.like(error, { code: 'ERR_ROOM_USER_NOT_FOUND' });
  });
}

test('a plank without /etc/passwd', async (t) => {
  const error = await t.throwsAsync(
    resolveUser({ kind: 'name', user: 'me', group: null }, async () => null, 65_536),
  );
  t.like(error, { code: 'ERR_ROOM_USER_NOT_FOUND' });
});

test('ids that the room does not have', async (t) => {
  for (const user of [
    { kind: 'ids', uid: 65_536, gid: 0 },
    { kind: 'ids', uid: 0, gid: 65_536 },
    { kind: 'name', user: 'big', group: null },
  ] as const) {
    const error = await t.throwsAsync(resolveUser(user, read, 65_536));
    t.like(error, { code: 'ERR_ROOM_SPEC_VALUE', field: 'user' });
  }
});
