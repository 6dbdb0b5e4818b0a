import test from 'ava';
import { dependsOnSources, sameShape, shapeAgain, shapeOf } from '../../src/plan/shape.js';
import type { ResolvedRoom } from '../../src/host/resolved-room.js';
import type { RoomSpec } from '../../src/spec/room-spec.js';
import { resolved } from '../room/unit/fakes.js';

const { lower } = resolved().plank;
const filter = new Uint8Array(8);

function shape(spec: Partial<RoomSpec> = {}, more: Partial<ResolvedRoom> = {}) {
  const room = resolved(spec, more);
  return shapeOf({ ...room, plank: { ...room.plank, lower } }, filter);
}

test('the command, its surroundings and its time are no part of it', (t) => {
  const other = shape({ command: ['ls'], env: { A: 'b' }, cwd: '/tmp', lifetime: 5, stdio: 'ignore' });
  t.true(sameShape(shape(), other));
  t.true(sameShape(shape(), shape({ user: 1000 })), 'nor is its user, where no mount shows one');
});

const differences: Partial<RoomSpec>[] = [
  { hostname: 'x' },
  { readOnlyRoot: true },
  { capabilities: ['CHOWN'] },
  { rlimits: { nofile: 7 } },
  { limits: { disk: '1MiB' } },
  { limits: { files: 70 } },
  { identity: 'host' },
  { stdio: { pty: {} } },
];
for (const spec of differences)
  test(`${JSON.stringify(spec)} is`, (t) => t.false(sameShape(shape(), shape(spec))));

test('so are plank, filter, mounts and limits', (t) => {
  const room = resolved();
  t.false(sameShape(shape(), shapeOf(room, filter)), 'the same path, and another file');
  t.false(sameShape(shape(), { ...shape(), filter: null }));
  t.false(
    sameShape(
      shape(),
      shape({}, { mounts: [{ kind: 'tmpfs', at: '/a', bytes: 1, mode: 7, noExec: false }] }),
    ),
  );
  const cgroup = { parent: '/c', writes: [{ file: 'memory.max', value: '1' }], report: [], watch: [] };
  t.false(sameShape(shape(), shape({}, { cgroup })));
});

test('a shape is kept for the next spec of the room, but for its terminal', (t) => {
  const first = shape();
  t.is(shapeAgain(first, resolved({ command: ['ls'] }).spec), first);
  t.true(shapeAgain(first, resolved({ stdio: { pty: {} } }).spec).terminal);
});

test('sources on the host are told', (t) => {
  const bind = { kind: 'bind', source: '/a', sourceKind: 'file', at: '/a', access: 'read', noExec: false, recursive: false, owner: null } as const; // prettier-ignore
  t.true(dependsOnSources(resolved({}, { mounts: [bind] })));
  t.false(dependsOnSources(resolved()));
});
