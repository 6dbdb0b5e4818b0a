// The power is cut while a vault or a capsule is changed, at each moment that can be told from others: the disk is copied before each
// system call that changes it, and all the time in between. Each copy is mounted as the next boot would: what was stored is whole, the
// old state or the new one is there, the new one if somebody was told so, and the next change works.
//
// ANCHOR_TESTS=whole: on every file system, and every state.
import test, { type ExecutionContext } from 'ava';
import { whole } from '../helpers/extent.js';
import { CutDisk, type Cut, type DiskFormat, type Dropped } from './helpers/cut-disk.js';
import { besidePut, cutCases, type CutCase } from './helpers/cut-cases.js';

const formats: readonly DiskFormat[] = whole ? ['ext4', 'xfs', 'btrfs'] : ['ext4'];
/** Of each case, evenly spread; the last, which was told, is always one of them. */
const most = whole ? Infinity : 24;

async function tried(
  t: ExecutionContext,
  format: DiskFormat,
  tried: CutCase,
  drop: Dropped,
): Promise<{ readonly states: number; readonly violations: readonly string[] }> {
  const disk = await CutDisk.make(t, format);
  const sources = await tried.sources(t);
  await disk.prepare((mount) => tried.fill(mount, sources));
  const cuts = await disk.cuts(await tried.words(disk.mount, sources), drop);
  t.true(
    cuts.some(({ told }) => told),
    'nothing was seen of the end',
  );
  const violations: string[] = [];
  const chosen = spread(cuts);
  for (const cut of chosen) {
    const problems = await disk.after(cut, () => tried.problems(disk.mount, cut.told, sources));
    violations.push(...problems.map((problem) => `state ${cut.number}: ${problem}`));
  }
  return { states: chosen.length, violations };
}

function spread(cuts: readonly Cut[]): readonly Cut[] {
  const step = Math.max(1, cuts.length / most);
  const wanted = new Set(
    Array.from({ length: Math.ceil(cuts.length / step) }, (_, at) => Math.floor(at * step)),
  );
  return cuts.filter(({ told }, at) => told || wanted.has(at));
}

const tries: readonly (readonly [DiskFormat, CutCase])[] = [
  ...formats.flatMap((format) => cutCases.map((each) => [format, each] as const)),
  ['xfs', besidePut],
  ['btrfs', besidePut],
];
for (const [format, each] of tries)
  test.serial(`${each.name} on ${format}, the power cut at every moment`, async (t) => {
    t.timeout(1_200_000);
    const { states, violations } = await tried(t, format, each, 'none');
    t.log(`${states} states, ${violations.length} violations`);
    t.deepEqual(violations, []);
    t.true(states > 5, String(states));
  });

/** The same without what brings it to the disk. They have to find something, or the test above finds nothing either. */
const controls: readonly (readonly [DiskFormat, string, Dropped])[] = [
  ['ext4', 'put models/tiny', 'all'],
  ['ext4', 'pack', 'all'],
  ['ext4', 'put datasets/set', 'files'],
  ['ext4', 'pack', 'directories'],
  ['btrfs', 'put models/tiny', 'directories'],
  ['xfs', 'put models/tiny', 'all'],
  ['xfs', besidePut.name, 'all'],
  ['btrfs', besidePut.name, 'all'],
];

for (const [format, name, drop] of controls)
  test.serial(`control: ${name} on ${format} without fsync of ${drop}`, async (t) => {
    t.timeout(1_200_000);
    const each = [...cutCases, besidePut].find((one) => one.name === name)!;
    const { states, violations } = await tried(t, format, each, drop);
    t.log(`${states} states, ${violations.length} violations, such as: ${violations.at(-1) ?? '-'}`);
    t.true(violations.length > 0);
  });
