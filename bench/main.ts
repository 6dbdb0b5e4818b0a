/**
 * `npm run bench`: how long a room takes, side by side with no sandbox at all, with other sandboxes and with the C floor.
 * Method and how to read it: docs/performance.md; how to add a contender: bench/README.md.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { Contender } from './contenders/contender.js';
import { contenders } from './contenders/index.js';
import { LaneProcess } from './drive/lane-process.js';
import { runRounds } from './drive/rounds.js';
import { currentLoad, readMachineFacts } from './machine.js';
import { type Options, parseOptions, usage } from './options.js';
import { renderComparison, renderReport } from './report.js';
import { type LaneReport, type RunReport, parseRunReport } from './run-report.js';
import { seededRandom } from './statistics.js';
import { type Workshop, openWorkshop } from './workshop/workshop.js';

interface OpenLane {
  readonly report: LaneReport;
  readonly process: LaneProcess | undefined;
}

/** Prepares a contender and starts its lane. What goes wrong is part of the report. */
async function openLane(contender: Contender, workshop: Workshop): Promise<OpenLane> {
  const report = {
    name: contender.name,
    version: '',
    differs: '',
    note: '',
    failure: undefined,
    samples: [],
  };
  try {
    const { version, differs, lane } = await contender.prepare(workshop);
    const started = await LaneProcess.start(lane);
    return { report: { ...report, version, differs, note: started.note }, process: started.lane };
  } catch (error) {
    return { report: { ...report, failure: messageOf(error) }, process: undefined };
  }
}

async function measure(options: Options, workshop: Workshop, signal: AbortSignal): Promise<RunReport> {
  const loadBefore = currentLoad();
  const lanes: OpenLane[] = [];
  try {
    for (const contender of chosen(options.only)) {
      signal.throwIfAborted();
      lanes.push(await openLane(contender, workshop));
    }
    const measurable = lanes.flatMap(({ report, process }) =>
      process === undefined ? [] : [{ name: report.name, measure: () => process.measure() }],
    );
    const random = seededRandom(options.seed);
    const { rounds, warmup, seed } = options;
    const { samples, failures } = await runRounds(measurable, {
      rounds,
      warmup,
      random,
      signal,
      onRound: progress,
    });
    return {
      ...{ format: 1, rounds, seed, machine: readMachineFacts(workshop.cgroup, loadBefore) },
      lanes: lanes.map(({ report }) => ({
        ...report,
        failure: report.failure ?? failures.get(report.name),
        samples: samples.get(report.name) ?? [],
      })),
    };
  } finally {
    await Promise.all(lanes.flatMap(({ process }) => process?.close() ?? []));
  }

  function progress(done: number): void {
    if (!process.stderr.isTTY) return;
    process.stderr.write(done === options.rounds ? '\r\x1b[K' : `\r${done}/${options.rounds} rounds`);
  }
}

function chosen(names: readonly string[]): readonly Contender[] {
  const unknown = names.find((name) => !contenders.some((contender) => contender.name === name));
  if (unknown !== undefined) {
    throw new RangeError(`--only: no '${unknown}' among ${contenders.map(({ name }) => name).join(', ')}`);
  }
  return names.length === 0 ? contenders : contenders.filter(({ name }) => names.includes(name));
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), () => Math.floor(Math.random() * 2 ** 31));
  if (options.help) return void process.stdout.write(usage);
  chosen(options.only);
  const before =
    options.compare === undefined ? undefined : parseRunReport(await readFile(options.compare, 'utf8'));

  // The first signal ends the run in order; the second one, with the handler gone, ends this process. Then the lanes
  // see the end of their stdin and undo their part, and the next run sweeps the rest.
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => abort.abort(new Error(`ended by ${name}`)));
  }
  const workshop = await openWorkshop();
  try {
    const run = await measure(options, workshop, abort.signal);
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(run)}\n`);
    process.stdout.write(`${renderReport(run)}\n`);
    if (before !== undefined) process.stdout.write(`\n${renderComparison(run, before)}\n`);
  } finally {
    await workshop.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
