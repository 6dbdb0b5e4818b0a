import test from 'ava';
import {
  firstContainerId,
  IdRanges,
  idsPerRoom,
  lastContainerId,
  type NameClaims,
} from '../../src/host/ids.js';

/** Names that several Anchors fight over. */
function names(): NameClaims & { held: Map<number, string> } {
  const held = new Map<number, string>();
  let next = 0;
  return {
    held,
    claim: (name) => {
      if ([...held.values()].includes(name)) return null;
      held.set(++next, name);
      return next;
    },
    release: (claim) => void held.delete(claim),
  };
}

test('ranges lie in what systemd sets aside, and never overlap', (t) => {
  const claims = names();
  // The last block first, so that the search goes round.
  const ids = new IdRanges(claims, (below) => below - 1);
  const bases = Array.from({ length: 200 }, () => ids.take());
  t.is(new Set(bases).size, 200);
  for (const base of bases) {
    t.is((base - firstContainerId) % idsPerRoom, 0);
    t.true(base >= firstContainerId && base + idsPerRoom - 1 <= lastContainerId);
  }
  t.is(claims.held.size, 4);
});

test('two Anchors that begin at the same place', (t) => {
  const claims = names();
  const one = new IdRanges(claims, () => 0);
  const other = new IdRanges(claims, () => 0);
  const bases = new Set<number>();
  for (let round = 0; round < 100; round++) bases.add(one.take()).add(other.take());
  t.is(bases.size, 200);
});

test('a range that comes back rests before it is handed out again', (t) => {
  const ids = new IdRanges(names(), () => 0);
  const first = ids.take();
  ids.release(first);
  t.not(ids.take(), first);
});

test('giving back what was not taken does nothing', (t) => {
  const ids = new IdRanges(names(), () => 0);
  const base = ids.take();
  ids.release(base + 1);
  ids.release(0);
  ids.release(base);
  ids.release(base);
  const bases = Array.from({ length: 64 }, () => ids.take());
  t.is(new Set(bases).size, 64);
});

test('blocks go back when their rooms are gone, but for one', (t) => {
  const claims = names();
  const ids = new IdRanges(claims, () => 0);
  const bases = Array.from({ length: 130 }, () => ids.take());
  t.is(claims.held.size, 3);
  for (const base of bases) ids.release(base);
  t.is(claims.held.size, 1);
  ids.close();
  t.is(claims.held.size, 0);
});

test('a closed allocator keeps a block until its last room is gone', (t) => {
  const claims = names();
  const ids = new IdRanges(claims, () => 0);
  const base = ids.take();
  ids.close();
  t.is(claims.held.size, 1);
  t.throws(() => ids.take(), { message: /closed/ });
  ids.release(base);
  t.is(claims.held.size, 0);
});

test('no range is left', (t) => {
  const ids = new IdRanges({ claim: () => null, release: () => undefined });
  t.like(
    t.throws(() => ids.take()),
    { code: 'ERR_ROOM_IDS_EXHAUSTED' },
  );
});

test('a whole host of rooms, and not one more', (t) => {
  const ids = new IdRanges(names());
  const all = 447 * 64;
  const bases = new Set(Array.from({ length: all }, () => ids.take()));
  t.is(bases.size, all);
  t.throws(() => ids.take(), { message: /28608/ });
});
