import { type LaneReport, valuesOf } from '../drive/lane-report.js';
import type { Sample } from '../lanes/protocol.js';
import type { ChurnAnswer } from '../questions/churn.js';
import { type IndependenceAnswer, burdens, laneName } from '../questions/independence.js';
import type { ScaleAnswer } from '../questions/scale.js';
import { type ThroughputAnswer, levels, ratesAt } from '../questions/throughput.js';
import type { RunReport } from '../run-report.js';
import { percentile, percentiles } from '../statistics.js';
import { renderChart } from './chart.js';
import { categories, linear, logarithmicTime } from './scale.js';
import { type Step, renderWaterfall } from './waterfall.js';

export interface Plot {
  /** Of the file, without extension. */
  readonly name: string;
  readonly svg: string;
}

/** A plot for whatever the run has an answer to. */
export function plotsOf({ answers }: RunReport): Plot[] {
  const { latency, throughput, scale, churn, independence } = answers;
  const measured = latency?.lanes.filter(({ samples }) => samples.length > 0) ?? [];
  return [
    ...(measured.length === 0 ? [] : [{ name: 'latency', svg: latencyPlot(measured) }]),
    ...measured
      .filter(({ samples }) => samples[0]?.phases !== undefined)
      .map((lane) => ({ name: `phases-${lane.name}`, svg: phasesPlot(lane) })),
    ...(throughput === undefined ? [] : [{ name: 'throughput', svg: throughputPlot(throughput) }]),
    ...(scale === undefined ? [] : [{ name: 'live-rooms', svg: livePlot(scale) }]),
    ...(churn === undefined ? [] : [{ name: 'churn', svg: churnPlot(churn) }]),
    ...(independence === undefined ? [] : [{ name: 'independence', svg: independencePlot(independence) }]),
  ];
}

const firstByte = 'time until the first byte';

function latencyPlot(lanes: readonly LaneReport[]): string {
  const firsts = lanes.map((lane) => valuesOf(lane, 'first'));
  const shares = Array.from({ length: 100 }, (_, index) => index);
  // A single stray value shall not squeeze all lines into a corner.
  const [least, most] = [
    Math.min(...firsts.flat()),
    Math.max(...firsts.map((values) => percentile(values, 0.99))),
  ];
  return renderChart({
    title: 'How long until the first byte of output',
    x: { label: `${firstByte} (logarithmic)`, scale: logarithmicTime(least, most) },
    y: { label: 'share of rooms that were as fast, %', scale: linear(100) },
    series: lanes.map(({ name }, index) => ({
      name,
      points: shares.map((share) => [percentile(firsts[index] ?? [], share / 100), share]),
      marked: (point) => point % 20 === 10,
    })),
  });
}

/** Whose time a phase is; docs/performance.md says what each one holds. */
const owners: readonly (readonly [owner: string, phases: readonly string[]])[] = [
  ['JavaScript', ['check', 'resolve', 'plan']],
  ['launcher', ['taken', 'blank', 'plank', 'prepared', 'sent']],
  ['room-init', ['told', 'root', 'mounts', 'identity', 'sealed', 'started']],
];

function phasesPlot({ name, samples }: LaneReport): string {
  const middle = (value: (sample: Sample) => number) => Math.max(0, percentile(samples.map(value), 0.5));
  // Launcher and room-init work at the same time: the order of a single room is not that of all.
  const order = owners.flatMap(([, names]) => names);
  const phases = Object.keys(samples[0]?.phases ?? {}).sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const steps: Step[] = phases.map((phase) => ({
    name: phase,
    value: middle((sample) => sample.phases?.[phase] ?? 0),
    owner: owners.find(([, names]) => names.includes(phase))?.[0] ?? 'another',
  }));
  const started = (sample: Sample) =>
    Object.values(sample.phases ?? {}).reduce((sum, value) => sum + value, 0);
  steps.push({
    name: 'first byte',
    value: middle((sample) => sample.first - started(sample)),
    owner: 'program, way back',
  });
  return renderWaterfall({
    title: `Where the time goes until the first byte (${name})`,
    label: 'µs since the call, each phase at its p50',
    steps,
  });
}

function throughputPlot({ lanes }: ThroughputAnswer): string {
  const measured = lanes.filter(({ samples }) => samples.length > 0);
  const rate = (lane: (typeof lanes)[number], level: (typeof levels)[number]) =>
    percentile(ratesAt(lane, level), 0.5);
  const most = Math.max(1, ...measured.flatMap((lane) => levels.map((level) => rate(lane, level))));
  return renderChart({
    title: 'Rooms a second',
    x: { label: 'rooms in flight at the same time', scale: categories(levels.map(String)) },
    y: { label: 'rooms a second', scale: linear(most) },
    series: measured.map((lane) => ({
      name: lane.name,
      points: levels.map((level, index) => [index, rate(lane, level)]),
    })),
  });
}

function livePlot({ levels: live }: ScaleAnswer): string {
  const found = live.map(({ first }) => percentiles(first));
  const most = Math.max(...found.map(({ p95 }) => p95));
  return renderChart({
    title: 'One more room while many live',
    x: { label: 'live rooms', scale: categories(live.map((level) => level.live.toLocaleString('en-US'))) },
    y: { label: `${firstByte}, µs`, scale: linear(most) },
    series: (['p50', 'p95'] as const).map((name) => ({
      name,
      points: found.map((values, index) => [index, values[name]]),
    })),
  });
}

function churnPlot({ windows, roomsPerWindow }: ChurnAnswer): string {
  const ends = windows.map((_, index) => ((index + 1) * roomsPerWindow).toLocaleString('en-US'));
  return renderChart({
    title: 'One room after another',
    x: {
      label: `rooms so far, windows of ${roomsPerWindow.toLocaleString('en-US')}`,
      scale: categories(ends),
    },
    y: { label: `${firstByte}, µs`, scale: linear(Math.max(...windows.map(({ p95 }) => p95))) },
    series: (['p50', 'p95'] as const).map((name) => ({
      name,
      points: windows.map((window, index) => [index, window[name]]),
    })),
  });
}

function independencePlot({ lanes }: IndependenceAnswer): string {
  const columns = [undefined, ...burdens];
  const p50 = (contender: string, burden: (typeof columns)[number]) => {
    const lane = lanes.find(({ name }) => name === laneName(contender, burden));
    return lane === undefined ? NaN : percentile(valuesOf(lane, 'first'), 0.5);
  };
  const contenders = [...new Set(lanes.map(({ name }) => name.split(',')[0] ?? name))];
  const series = contenders
    .map((name) => ({
      name,
      points: columns
        .map((burden, index): [number, number] => [index, p50(name, burden)])
        .filter(([, value]) => !Number.isNaN(value)),
    }))
    .filter(({ points }) => points.length > 0);
  const values = series.flatMap(({ points }) => points.map(([, value]) => value));
  return renderChart({
    title: 'The same in a big program, and on a host with many mounts',
    x: { label: 'what the program or the host has beside', scale: categories(['nothing', ...burdens]) },
    y: {
      label: `${firstByte} (p50, logarithmic)`,
      scale: logarithmicTime(Math.min(...values), Math.max(...values)),
    },
    series,
    joined: false,
  });
}
