import { contenders } from '../contenders/index.js';
import { type LaneReport, type Metric, laneRatio, valuesOf } from '../drive/lane-report.js';
import { measureRounds, withLanes } from '../drive/open-lanes.js';
import { percentiles } from '../statistics.js';
import { paragraphs, percentileCells, ratioCell, renderFailures, renderTable } from '../table.js';
import type { Question } from './question.js';

export interface LatencyAnswer {
  readonly lanes: readonly LaneReport[];
}

/** One at a time, all contenders, interleaved: the question that the bench began with. */
export const latency: Question<LatencyAnswer> = {
  name: 'latency',
  asks: 'How long until the first byte of a program, and until its end is known?',
  due: true,
  async ask(setting) {
    const wanted = contenders.map((contender) => ({ contender }));
    return { lanes: await withLanes(setting, wanted, (lanes) => measureRounds(setting, lanes)) };
  },
  render: ({ lanes }) => paragraphs(renderValues(lanes), renderWho(lanes), renderFailures(lanes)),
};

const legend = `µs since the request: the first byte of output is read, the exit status is known; call: the event loop is blocked.
Ratios are of first-byte p50; [low–high] holds 95 % of the ratios of resampled rounds.`;

function renderValues(lanes: readonly LaneReport[]): string {
  const header = ['lane', ...columns('first'), ...columns('exit'), 'call p99'];
  const rows = lanes
    .filter((lane) => lane.samples.length > 0)
    .map((lane) => [
      lane.name,
      ...percentileCells(percentiles(valuesOf(lane, 'first'))),
      ...percentileCells(percentiles(valuesOf(lane, 'exit'))),
      callCell(lane),
      ratioCell(laneRatio(lanes, lane.name, 'floor-scratch')),
      ratioCell(laneRatio(lanes, 'bwrap', lane.name)),
      String(lane.samples.length),
    ]);
  if (rows.length === 0) return '';
  return `${renderTable([[...header, '× floor', 'faster than bwrap', 'n'], ...rows])}\n\n${legend}`;
}

function columns(metric: Metric): string[] {
  return [`${metric} p50`, 'p95', 'p99'];
}

function callCell(lane: LaneReport): string {
  const calls = valuesOf(lane, 'call');
  return calls.length === 0 ? '–' : percentiles(calls).p99.toFixed(0);
}

function renderWho(lanes: readonly LaneReport[]): string {
  const rows = lanes
    .filter((lane) => lane.samples.length > 0)
    .map((lane) => [lane.name, lane.version, [lane.differs, lane.note].filter(Boolean).join('; ')]);
  return rows.length === 0 ? '' : renderTable([['lane', 'version', 'what differs'], ...rows]);
}
