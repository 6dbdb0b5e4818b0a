import type { Sample } from '../lanes/protocol.js';
import { type Interval, ratioOfMedians } from '../statistics.js';

/** A lane as it is saved: who it was, and every value, so that a later comparison can compute what it likes. */
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

export function valuesOf(lane: LaneReport, metric: Metric): number[] {
  return lane.samples.map((sample) => sample[metric]).filter((value) => value !== undefined);
}

/** The lane of that name, if it has measured anything. */
export function measuredLane(lanes: readonly LaneReport[], name: string): LaneReport | undefined {
  return lanes.find((lane) => lane.name === name && lane.samples.length > 0);
}

/** p50 of one lane over p50 of another, or undefined when one of them is missing. */
export function laneRatio(
  lanes: readonly LaneReport[],
  above: string,
  below: string,
  metric: Metric = 'first',
): Interval | undefined {
  const numerator = measuredLane(lanes, above);
  const denominator = measuredLane(lanes, below);
  if (numerator === undefined || denominator === undefined) return undefined;
  return ratioOfMedians(valuesOf(numerator, metric), valuesOf(denominator, metric));
}
