import { judgeBars } from './bars.js';
import { type LaneReport, laneRatio } from './drive/lane-report.js';
import type { MachineFacts } from './machine.js';
import { questionNames, renderAnswer } from './questions/index.js';
import type { RunReport } from './run-report.js';
import type { Interval } from './statistics.js';
import { paragraphs, ratioCell, renderTable } from './table.js';

/** The whole report as text: machine, what each question found out, the bars. */
export function renderReport(run: RunReport): string {
  return paragraphs(
    renderMachine(run),
    ...questionNames.map((name) => renderAnswer(name, run.answers)),
    ...Object.entries(run.failures).map(([name, reason]) => `${name} found no answer: ${reason}`),
    renderBars(run),
  );
}

function renderMachine({ machine, rounds, seed, fifo }: RunReport): string {
  const { kernel, cpu, cores, memoryGiB, node, governor, mounts, cgroup, commit, date, load } = machine;
  return [
    `Linux ${kernel}`,
    `${cores} × ${cpu}, ${memoryGiB} GiB${governor === undefined ? '' : `, governor ${governor}`}; node ${node}; ${mounts} mounts`,
    `cgroup ${cgroup}`,
    `commit ${commit}, ${date}, ${rounds} rounds, seed ${seed}${fifo ? ', SCHED_FIFO' : ''}, load ${load[0]} before and ${load[1]} after${busyRemark(machine)}`,
  ].join('\n');
}

/** The bench itself keeps about one core busy, so only the load before it tells of others. */
function busyRemark({ load, cores }: MachineFacts): string {
  return load[0] > cores / 4 ? ' (the machine was busy: mind p95 and p99)' : '';
}

/** The table of the bars: all of them, those that this run cannot judge too, unless it was about something else. */
function renderBars({ answers }: RunReport): string {
  const verdicts = judgeBars(answers);
  if (verdicts.every(({ measured }) => measured === undefined)) return '';
  const rows = verdicts.map(({ what, bar, measured, met, close }) => [
    ...[what, bar, measured ?? '–'],
    measured === undefined ? 'not measured' : `${met ? 'met' : 'NOT met'}${close ? ' (close)' : ''}`,
  ]);
  return [
    `## The bars\n\n${renderTable([['what', 'bar', 'measured [interval]', 'verdict'], ...rows])}`,
    'close: the interval reaches over the bar, another run may say otherwise.',
  ].join('\n\n');
}

/**
 * Both runs side by side. Microseconds of two runs cannot be compared (the same binary was 1.6 times slower an hour
 * later), ratios to the floor of the same run can.
 */
export function renderComparison(now: RunReport, before: RunReport): string {
  const lanesOf = (run: RunReport): readonly LaneReport[] => run.answers.latency?.lanes ?? [];
  const rows = lanesOf(now).flatMap(({ name }) => {
    const then = laneRatio(lanesOf(before), name, 'floor-scratch');
    const today = laneRatio(lanesOf(now), name, 'floor-scratch');
    if (then === undefined || today === undefined || name === 'floor-scratch') return [];
    return [[name, ratioCell(then), ratioCell(today), changeCell(then, today)]];
  });
  if (rows.length === 0) return 'Nothing to compare: both runs need floor-scratch and another lane.';
  const title = `Against commit ${before.machine.commit} of ${before.machine.date}, first byte p50 × floor`;
  return `${title}\n${renderTable([['lane', 'before', 'now', 'change'], ...rows])}`;
}

function changeCell(then: Interval, today: Interval): string {
  const percent = (today.value / then.value - 1) * 100;
  const overlap = today.low <= then.high && then.low <= today.high;
  return `${percent >= 0 ? '+' : '−'}${Math.abs(percent).toFixed(1)} %${overlap ? ' (within noise)' : ''}`;
}
