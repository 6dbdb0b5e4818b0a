/**
 * `npm run bench:check`: has something been lost? Counts the system calls of a room, which are the same on a busy machine,
 * and compares ratios of times, which need an idle one. Prints TAP.
 *
 *   --calls    only the calls (CI)
 *   --update   write what was found into bench/baseline.json instead of comparing
 */
import { parseArgs } from 'node:util';
import { makeSetting } from '../drive/setting.js';
import { latency } from '../questions/latency.js';
import { ratioCell } from '../table.js';
import { openWorkshop } from '../workshop/workshop.js';
import { type Baseline, hostOf, readBaseline, writeBaseline } from './baseline.js';
import { compareCalls } from './calls.js';
import { countCalls } from './count.js';
import { compareRatios, lanesOfRatios, ratiosOf } from './ratios.js';

interface Result {
  readonly title: string;
  readonly good: boolean;
  readonly more?: string;
}

async function measure(callsOnly: boolean): Promise<Baseline> {
  const workshop = await openWorkshop();
  try {
    const host = hostOf(workshop.cgroup);
    const calls = await countCalls(workshop);
    if (callsOnly) return { host, calls };
    const setting = makeSetting(workshop, {
      rounds: 300,
      warmup: 20,
      only: lanesOfRatios,
      fifo: false,
      seed: 1,
    });
    return { host, calls, ratios: ratiosOf(await latency.ask(setting)) };
  } finally {
    await workshop.close();
  }
}

function compare(now: Baseline, baseline: Baseline): Result[] {
  const calls = compareCalls(now.calls ?? {}, baseline.calls ?? {}).map(
    ({ role, now: count, baseline: before, lost, changes }) => ({
      title: `${role}: ${count} system calls per room, ${before} in the baseline`,
      good: !lost,
      more: changes.join(', '),
    }),
  );
  const ratios = compareRatios(now.ratios ?? {}, baseline.ratios ?? {}).map(
    ({ pair, now: ratio, baseline: before, lost }): Result =>
      before === undefined
        ? { title: `no baseline for ${pair}, now ${ratioCell(ratio)} # SKIP`, good: true }
        : { title: `${pair}: ${ratioCell(ratio)}, ${ratioCell(before)} in the baseline`, good: !lost },
  );
  return [...calls, ...ratios];
}

function printTap(results: readonly Result[]): void {
  const lines = results.flatMap(({ title, good, more = '' }, index) => [
    `${good ? 'ok' : 'not ok'} ${index + 1} - ${title}`,
    ...(more === '' ? [] : [`# ${more}`]),
  ]);
  process.stdout.write(['TAP version 13', ...lines, `1..${results.length}`, ''].join('\n'));
}

const { values: options } = parseArgs({
  options: { calls: { type: 'boolean', default: false }, update: { type: 'boolean', default: false } },
});
const now = await measure(options.calls);
const baseline = await readBaseline(now.host);
if (options.update) {
  await writeBaseline(now);
} else if (baseline === undefined) {
  printTap([{ title: `no baseline for ${now.host} # SKIP`, good: true }]);
} else {
  const results = compare(now, baseline);
  printTap(results);
  if (results.some(({ good }) => !good)) process.exitCode = 1;
}
