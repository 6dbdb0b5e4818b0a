import test from 'ava';
import {
  inputChanges,
  lockText,
  parseLock,
  pinnedInputs,
  withoutPins,
  type LockFile,
} from '../../src/flake/lock-file.js';
import type { RoomError } from '../../src/index.js';

const narHash = `sha256-${'A'.repeat(43)}=`;
const rev = '0123456789'.repeat(4);

function lockOf(locked: Record<string, unknown>, more: LockFile['nodes'] = {}): LockFile {
  return {
    nodes: { root: { inputs: { dep: 'dep' } }, dep: { locked }, ...more },
    root: 'root',
    version: 7,
  };
}

test('inputs of inputs are named by their way, once, and follows is not followed', (t) => {
  const lock = lockOf({ type: 'github', owner: 'o', repo: 'r', rev, narHash });
  lock.nodes['dep']!.inputs = { deeper: 'deeper', same: ['dep'] };
  lock.nodes['root']!.inputs = { dep: 'dep', again: 'deeper' };
  lock.nodes['deeper'] = { locked: { type: 'path', path: '/srv/x', narHash } };
  t.deepEqual(pinnedInputs(lock, '/l'), [
    { name: 'dep', type: 'github', from: 'github:o/r', rev, narHash },
    { name: 'dep/deeper', type: 'path', from: 'path:/srv/x', rev: null, narHash },
  ]);
});

test('a way in circles ends', (t) => {
  const lock = lockOf({ type: 'path', path: '/x', narHash });
  lock.nodes['dep']!.inputs = { self: 'dep' };
  t.is(pinnedInputs(lock, '/l').length, 1);
});

const unpinned: readonly [what: string, locked: Record<string, unknown>][] = [
  ['nothing', {}],
  ['no hash', { type: 'github', owner: 'o', repo: 'r', rev }],
  ['a hash of another kind', { type: 'tarball', url: 'file:///x', narHash: 'sha1-abc' }],
  ['a branch', { type: 'github', owner: 'o', repo: 'r', ref: 'main', narHash }],
  ['a short revision', { type: 'git', url: 'file:///r', rev: rev.slice(0, 7), narHash }],
];
for (const [what, locked] of unpinned)
  test(`not pinned: ${what}`, (t) => {
    const error = t.throws<RoomError>(() => pinnedInputs(lockOf(locked), '/f/flake.lock'));
    t.is(error.code, 'ERR_FLAKE_UNPINNED');
    t.regex(error.message, /^the input dep has no /);
    t.is(error.hint, 'anchor flake lock --update dep');
  });

test('damaged files', (t) => {
  const texts = ['', '[]', 'null', '{}', '{"version":7}', '{"version":8,"nodes":{"root":{}},"root":"root"}'];
  const more = [
    '{"version":7,"nodes":{"root":{}},"root":"x"}',
    '{"version":7,"nodes":{"root":{},"a":1},"root":"root"}',
  ];
  for (const text of [...texts, ...more])
    t.is(t.throws<RoomError>(() => parseLock(text, '/l')).code, 'ERR_FLAKE_LOCK', text);
  const dangling = { nodes: { root: { inputs: { a: 'nosuch' } } }, root: 'root', version: 7 };
  t.is(t.throws<RoomError>(() => pinnedInputs(dangling, '/l')).code, 'ERR_FLAKE_LOCK');
});

test('only path inputs lose their time', (t) => {
  const lock = lockOf(
    { type: 'path', path: '/x', narHash, lastModified: 5 },
    { other: { locked: { type: 'git', lastModified: 6 }, original: { type: 'git' } } },
  );
  const { nodes } = JSON.parse(lockText(lock)) as LockFile;
  t.deepEqual(nodes['dep'], { locked: { type: 'path', path: '/x', narHash } });
  t.deepEqual(nodes['other'], { locked: { type: 'git', lastModified: 6 }, original: { type: 'git' } });
});

test('a pin is taken away, and only from inputs that there are', (t) => {
  const lock = lockOf({ type: 'path' });
  t.deepEqual(withoutPins(lock, ['dep'], '/l').nodes['root'], { inputs: {} });
  t.deepEqual(lock.nodes['root'], { inputs: { dep: 'dep' } });
  const error = t.throws<RoomError>(() => withoutPins(lock, ['toString'], '/l'));
  t.is(error.hint, 'there are dep');
});

test('changes of pins', (t) => {
  const [before] = pinnedInputs(lockOf({ type: 'path', path: '/x', narHash }), '/l');
  const after = { ...before!, narHash: narHash.replace('A', 'B') };
  t.deepEqual(inputChanges([before!], [before!]), []);
  t.deepEqual(inputChanges([before!], [after]), [{ name: 'dep', before, after }]);
  t.deepEqual(inputChanges([], [after]), [{ name: 'dep', before: null, after }]);
});
