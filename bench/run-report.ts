import type { Sample } from './lanes/protocol.js';
import type { MachineFacts } from './machine.js';
import { type Ratio, ratioOfMedians } from './statistics.js';

/** A run as it is saved with `--json`: every value, so that a later comparison can compute what it likes. */
export interface RunReport {
  readonly format: 1;
  readonly machine: MachineFacts;
  readonly rounds: number;
  readonly seed: number;
  readonly lanes: readonly LaneReport[];
}

export interface LaneReport {
  readonly name: string;
  readonly version: string;
  readonly differs: string;
  /** What the lane itself remarked. */
  readonly note: string;
  /** Why it did not run, or stopped before the end. */
  readonly failure: string | undefined;
  readonly samples: readonly Sample[];
}

export type Metric = 'first' | 'exit' | 'call';

/** The lane of that name, if it has measured anything. */
export function measuredLane(run: RunReport, name: string): LaneReport | undefined {
  return run.lanes.find((lane) => lane.name === name && lane.samples.length > 0);
}

export function valuesOf(lane: LaneReport, metric: Metric): number[] {
  return lane.samples.map((sample) => sample[metric]).filter((value) => value !== undefined);
}

/** p50 of one lane over p50 of another, or undefined when one of them is missing. */
export function laneRatio(run: RunReport, above: string, below: string, metric: Metric): Ratio | undefined {
  const numerator = measuredLane(run, above);
  const denominator = measuredLane(run, below);
  if (numerator === undefined || denominator === undefined) return undefined;
  return ratioOfMedians(valuesOf(numerator, metric), valuesOf(denominator, metric));
}

/** Reads a saved run; throws TypeError when the text is something else. */
export function parseRunReport(text: string): RunReport {
  const value = JSON.parse(text) as Partial<RunReport> | null;
  if (value?.format !== 1 || !Array.isArray(value.lanes) || value.machine === undefined) {
    throw new TypeError('not a run saved by this bench (format 1)');
  }
  return value as RunReport;
}
