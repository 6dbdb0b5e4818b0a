import test from 'ava';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refuses, smallest } from './refusal.js';

/** What peers took for some user: CVE-2026-30892, CVE-2016-3697 and relatives. */
// prettier-ignore
const noUser = [
  '1e3', '0x0', '-1', '4294967295', '4294967296', '99999999999', '1000:', ':1000', ':', '1 000', '+1', '', ' ', 'root ',
  ' root', '1000\n', '\n0', '01', '0o17', '1.0', '1:2:3', '1000:4294967295', 'root:', 'a:b:c', '-root', '$', '9lives',
  'root\0', '0\0', 'a/b', '../etc', '1000:staff', 'é', '١', 'a:01', `a${'b'.repeat(256)}`, '\ud800',
];

refuses([
  ...noUser.map((user) => [{ user }, 'type', 'user'] as const),
  [{ user: null }, 'type', 'user'],
  [{ user: true }, 'type', 'user'],
  [{ user: [0, 0] }, 'type', 'user'],
  [{ user: { uid: 0 } }, 'type', 'user'],
  [{ user: 0n }, 'type', 'user'],
  [{ user: -1 }, 'value', 'user'],
  [{ user: 0.5 }, 'value', 'user'],
  [{ user: NaN }, 'value', 'user'],
  [{ user: Infinity }, 'value', 'user'],
  [{ user: 65_536 }, 'value', 'user'],
  [{ user: '65536' }, 'value', 'user'],
  [{ user: '0:65536' }, 'value', 'user'],
  [{ user: 'a:65536' }, 'value', 'user'],
  [{ user: 4_294_967_295, identity: 'host' }, 'value', 'user'],
  [{ user: '4294967295', identity: 'host' }, 'type', 'user'],
]);

const taken: readonly (readonly [user: unknown, checked: unknown])[] = [
  ['root', { kind: 'ids', uid: 0, gid: 0 }],
  ['0', { kind: 'ids', uid: 0, gid: null }],
  [0, { kind: 'ids', uid: 0, gid: null }],
  [-0, { kind: 'ids', uid: 0, gid: null }],
  [1000, { kind: 'ids', uid: 1000, gid: null }],
  ['1000', { kind: 'ids', uid: 1000, gid: null }],
  ['1000:1000', { kind: 'ids', uid: 1000, gid: 1000 }],
  ['65535:0', { kind: 'ids', uid: 65_535, gid: 0 }],
  ['nobody', { kind: 'name', user: 'nobody', group: null }],
  ['root:wheel', { kind: 'name', user: 'root', group: 'wheel' }],
  ['judge:65535', { kind: 'name', user: 'judge', group: 65_535 }],
  ['_apt', { kind: 'name', user: '_apt', group: null }],
  ['First.Last-2$', { kind: 'name', user: 'First.Last-2$', group: null }],
];
for (const [user, checked] of taken) {
  test(`the user ${JSON.stringify(user)} (${typeof user}${Object.is(user, -0) ? ', negative' : ''})`, (t) => {
    t.deepEqual(parseRoomSpec({ ...smallest, user }).user as unknown, checked);
  });
}

test('with the ids of the host there are more of them', (t) => {
  const { user } = parseRoomSpec({ ...smallest, identity: 'host', user: '4294967294:70000' });
  t.deepEqual(user, { kind: 'ids', uid: 4_294_967_294, gid: 70_000 });
});
