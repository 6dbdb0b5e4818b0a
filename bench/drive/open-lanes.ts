import type { Contender } from '../contenders/contender.js';
import type { Setting } from '../questions/question.js';
import type { LaneProcess } from './lane-process.js';
import type { LaneReport } from './lane-report.js';
import { runRounds } from './rounds.js';

export interface OpenLane {
  readonly report: LaneReport;
  readonly process: LaneProcess | undefined;
}

/** What a question may change about the lane of a contender. */
export interface Variation {
  readonly name?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly wrap?: (lane: readonly string[]) => Promise<readonly string[]>;
}

/** Prepares a contender and starts its lane. What goes wrong is part of the report. */
async function openLane(
  setting: Setting,
  contender: Contender,
  { name = contender.name, environment = {}, wrap }: Variation = {},
): Promise<OpenLane> {
  const report = { name, version: '', differs: '', note: '', failure: undefined, samples: [] };
  try {
    const { version, differs, lane } = await contender.prepare(setting.workshop);
    const started = await setting.startLane(wrap === undefined ? lane : await wrap(lane), environment);
    return { report: { ...report, version, differs, note: started.note }, process: started.lane };
  } catch (error) {
    return { report: { ...report, failure: messageOf(error) }, process: undefined };
  }
}

export interface Wanted extends Variation {
  readonly contender: Contender;
}

/** Opens a lane for each of those that the run is about, hands them to `use` and closes them, whatever happens. */
export async function withLanes<Result>(
  setting: Setting,
  wanted: readonly Wanted[],
  use: (lanes: readonly OpenLane[]) => Promise<Result>,
): Promise<Result> {
  const { only, signal, progress } = setting;
  const lanes: OpenLane[] = [];
  try {
    for (const { contender, ...variation } of wanted) {
      if (only.length > 0 && !only.includes(contender.name)) continue;
      signal.throwIfAborted();
      progress(`opening ${variation.name ?? contender.name}`);
      lanes.push(await openLane(setting, contender, variation));
    }
    return await use(lanes);
  } finally {
    await Promise.all(lanes.flatMap(({ process }) => process?.close() ?? []));
  }
}

/** Rounds over the lanes that could be opened; a report for each lane. */
export async function measureRounds(setting: Setting, lanes: readonly OpenLane[]): Promise<LaneReport[]> {
  const measurable = lanes.flatMap(({ report, process }) =>
    process === undefined ? [] : [{ name: report.name, measure: () => process.measure() }],
  );
  const { samples, failures } = await runRounds(measurable, {
    ...setting,
    onRound: (done) => setting.progress(`${done} of ${setting.rounds} rounds`),
  });
  return lanes.map(({ report }) => ({
    ...report,
    failure: report.failure ?? failures.get(report.name),
    samples: samples.get(report.name) ?? [],
  }));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
