import { judgeBars } from './bars.js';
import type { MachineFacts } from './machine.js';
import { type LaneReport, type Metric, type RunReport, laneRatio, valuesOf } from './run-report.js';
import { type Ratio, percentiles } from './statistics.js';

const floorLane = 'floor-scratch';
const rivalLane = 'bwrap';

/** The whole report as text: machine, table, what the lanes are, what could not run, the bars. */
export function renderReport(run: RunReport): string {
  return [
    renderMachine(run),
    renderLatency(run),
    renderLanes(run.lanes),
    renderFailures(run.lanes),
    renderBars(run),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function renderMachine({ machine, rounds, seed }: RunReport): string {
  const { kernel, cpu, cores, memoryGiB, node, governor, mounts, cgroup, commit, date, load } = machine;
  return [
    `Linux ${kernel}`,
    `${cores} × ${cpu}, ${memoryGiB} GiB${governor === undefined ? '' : `, governor ${governor}`}; node ${node}; ${mounts} mounts`,
    `cgroup ${cgroup}`,
    `commit ${commit}, ${date}, ${rounds} rounds, seed ${seed}, load ${load[0]} before and ${load[1]} after${busyRemark(machine)}`,
  ].join('\n');
}

/** The bench itself keeps about one core busy, so only the load before it tells of others. */
function busyRemark({ load, cores }: MachineFacts): string {
  return load[0] > cores / 4 ? ' (the machine was busy: mind p95 and p99)' : '';
}

const legend = `µs since the request: the first byte of output is read, the exit status is known; call: the event loop is blocked.
Ratios are of first-byte p50; [low–high] holds 95 % of the ratios of resampled rounds.`;

function renderLatency(run: RunReport): string {
  const header = [
    'lane',
    ...quantiles('first'),
    ...quantiles('exit'),
    'call p99',
    '× floor',
    'faster than bwrap',
    'n',
  ];
  const rows = run.lanes
    .filter((lane) => lane.samples.length > 0)
    .map((lane) => [
      lane.name,
      ...percentileCells(lane, 'first'),
      ...percentileCells(lane, 'exit'),
      callCell(lane),
      ratioCell(laneRatio(run, lane.name, floorLane, 'first')),
      ratioCell(laneRatio(run, rivalLane, lane.name, 'first')),
      String(lane.samples.length),
    ]);
  return rows.length === 0 ? '' : `${renderTable([header, ...rows])}\n\n${legend}`;
}

function quantiles(metric: Metric): string[] {
  return [`${metric} p50`, 'p95', 'p99'];
}

function percentileCells(lane: LaneReport, metric: Metric): string[] {
  const { p50, p95, p99 } = percentiles(valuesOf(lane, metric));
  return [p50, p95, p99].map((value) => value.toFixed(0));
}

function callCell(lane: LaneReport): string {
  const calls = valuesOf(lane, 'call');
  return calls.length === 0 ? '–' : percentiles(calls).p99.toFixed(0);
}

function ratioCell(ratio: Ratio | undefined): string {
  if (ratio === undefined) return '–';
  return `${ratio.value.toFixed(2)} [${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}]`;
}

function renderLanes(lanes: readonly LaneReport[]): string {
  const rows = lanes
    .filter((lane) => lane.samples.length > 0)
    .map((lane) => [lane.name, lane.version, [lane.differs, lane.note].filter(Boolean).join('; ')]);
  return rows.length === 0 ? '' : renderTable([['lane', 'version', 'what differs'], ...rows]);
}

function renderFailures(lanes: readonly LaneReport[]): string {
  return lanes
    .filter((lane) => lane.failure !== undefined)
    .map(({ name, failure, samples }) =>
      samples.length === 0
        ? `${name} cannot run here: ${failure}`
        : `${name} stopped after ${samples.length}: ${failure}`,
    )
    .join('\n');
}

function renderBars(run: RunReport): string {
  return judgeBars(run)
    .map(({ what, bar, measured, met, close }) => {
      const verdict =
        (met ? 'met' : 'NOT met') + (close ? ' (close: the interval reaches over the bar)' : '');
      return `${what}: bar ${bar}, measured ${measured}: ${verdict}`;
    })
    .join('\n');
}

/**
 * Both runs side by side. Microseconds of two runs cannot be compared (the same binary was 1.6 times slower an hour
 * later), ratios to the floor of the same run can.
 */
export function renderComparison(now: RunReport, before: RunReport): string {
  const rows = now.lanes.flatMap((lane) => {
    const then = laneRatio(before, lane.name, floorLane, 'first');
    const today = laneRatio(now, lane.name, floorLane, 'first');
    if (then === undefined || today === undefined || lane.name === floorLane) return [];
    return [[lane.name, ratioCell(then), ratioCell(today), changeCell(then, today)]];
  });
  if (rows.length === 0) return `Nothing to compare: both runs need ${floorLane} and another lane.`;
  const title = `Against commit ${before.machine.commit} of ${before.machine.date}, first byte p50 × floor`;
  return `${title}\n${renderTable([['lane', 'before', 'now', 'change'], ...rows])}`;
}

function changeCell(then: Ratio, today: Ratio): string {
  const percent = (today.value / then.value - 1) * 100;
  const overlap = today.low <= then.high && then.low <= today.high;
  return `${percent >= 0 ? '+' : '−'}${Math.abs(percent).toFixed(1)} %${overlap ? ' (within noise)' : ''}`;
}

/** A Markdown table with aligned columns: numbers to the right, as they start with a digit or a dash. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows;
  const widths = header.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const right = header.map(
    (_, column) => body.length > 0 && body.every((row) => /^[\d–]/.test(row[column] ?? '')),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => pad(cells[column] ?? '', width, right[column] ?? false)).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => '-'.repeat(width + 1) + (right[column] ? ':' : '-')).join('|')}|`;
  return [line(header), rule, ...body.map(line)].join('\n');
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}
