import test from 'ava';
import { tapOf, verdictsOf } from './report.js';
import type { SoakReport } from './soak.js';

const sample = { rooms: 1, trimmed: 1, malloc: 1, heapUsed: 1, heapTotal: 1, external: 1 };
const good: SoakReport = {
  seed: 1,
  rooms: 100,
  seconds: 1,
  ends: new Map([['exit', new Map([['exited', 100]])]]),
  ways: new Map([['pool', new Map([['had waited', 3]])]]),
  leftovers: [{ kind: 'cgroups', before: 0, idle: [1, 1], after: 0, left: [] }],
  kernel: { before: { net: 5 }, after: { net: 6 }, allowance: 2 },
  memory: [{ ...sample, at: 1, rss: 1e6 }],
  drift: { rss: 19_999_999, inUse: 4_999_999 },
  complaints: [],
};

const broken = (report: SoakReport): string[] =>
  verdictsOf(report)
    .filter(({ against }) => against.length > 0)
    .map(({ promise }) => promise);

test('a soak that left nothing passes', (t) => {
  t.deepEqual(broken(good), []);
  t.regex(tapOf(good), /^1\.\.6$/m);
  t.notRegex(tapOf(good), /not ok/);
});

test('each promise is broken by one thing', (t) => {
  const cgroups = { kind: 'cgroups', before: 0, idle: [1, 1], after: 1, left: ['/x'] } as const;
  t.deepEqual(broken({ ...good, complaints: ['ended otherwise'] }), ['every room ended as it was made to']);
  t.deepEqual(broken({ ...good, leftovers: [cgroups] }), ['no cgroups are left']);
  t.deepEqual(broken({ ...good, leftovers: [{ ...cgroups, left: [], idle: [1, 2] }] }), [
    'an Anchor without rooms gathers nothing',
  ]);
  t.deepEqual(broken({ ...good, kernel: { ...good.kernel, after: { net: 8 } } }), [
    'no kernel objects are left that nobody can see',
  ]);
  const { drift } = good;
  t.deepEqual(broken({ ...good, drift: { ...drift, rss: 20_000_000 } }), ['RSS grows by less than 20.0 MB']);
  t.deepEqual(broken({ ...good, drift: { ...drift, inUse: 5_000_000 } }), [
    'memory in use grows by less than 5.0 MB',
  ]);
  t.regex(tapOf({ ...good, leftovers: [cgroups] }), /^not ok 2 - soak: no cgroups are left\n {2}\/x$/m);
});
