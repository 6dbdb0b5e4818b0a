/**
 * `npm run bench`: what a room costs, side by side with no sandbox at all, with other sandboxes and with the C floor.
 * Method and how to read it: docs/performance.md; how to add a contender or a question: bench/README.md.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { traceRooms } from './check/count.js';
import { quickestRoom, renderSteps } from './check/timeline.js';
import { contendersNamed } from './contenders/index.js';
import { messageOf } from './drive/open-lanes.js';
import { makeSetting } from './drive/setting.js';
import { currentLoad, readMachineFacts } from './machine.js';
import { type Options, parseOptions, usage } from './options.js';
import { paths } from './paths.js';
import { plotsOf } from './plots/index.js';
import { type Answers, type QuestionName, ask } from './questions/index.js';
import { renderComparison, renderReport } from './report.js';
import { type RunReport, parseRunReport } from './run-report.js';
import { Unavailable } from './workshop/programs.js';
import { openWorkshop } from './workshop/workshop.js';

async function measure(options: Options): Promise<RunReport> {
  const { questions, rounds, seed, fifo } = options;
  const loadBefore = currentLoad();
  const signal = signalOfEnd();
  const workshop = await openWorkshop();
  try {
    let answers: Partial<Answers> = {};
    const failures: Partial<Record<QuestionName, string>> = {};
    for (const name of questions) {
      const progress = (text: string) => show(`${name}: ${text}`);
      const setting = makeSetting(workshop, options, { signal, progress });
      try {
        answers = { ...answers, ...(await ask(name, setting)) };
      } catch (error) {
        signal.throwIfAborted();
        failures[name] = messageOf(error);
      }
      show('');
    }
    const machine = readMachineFacts(workshop.cgroup, loadBefore);
    return { format: 2, machine, rounds, seed, fifo, answers, failures };
  } finally {
    await workshop.close();
  }
}

/**
 * The first signal ends the run in order; the second one, with the handler gone, ends this process. Then the lanes see
 * the end of their stdin and undo their part, and the next run sweeps the rest.
 */
function signalOfEnd(): AbortSignal {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => abort.abort(new Error(`ended by ${name}`)));
  }
  return abort.signal;
}

function show(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function saved(path: string): Promise<RunReport> {
  return parseRunReport(await readFile(path, 'utf8'));
}

/** Plots and report of a run, and what one room does, call by call, where strace can tell. */
async function publish(directory: string, run: RunReport): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const { name, svg } of plotsOf(run)) await writeFile(join(directory, `${name}.svg`), svg);
  await writeFile(join(directory, 'report.md'), `# A run of the bench\n\n${renderReport(run)}\n`);
  const workshop = await openWorkshop();
  try {
    const steps = quickestRoom(await traceRooms(workshop, 40, ['-ttt']));
    const text = renderSteps(steps).replaceAll(paths.repository.replace(/\/$/, ''), '.');
    await writeFile(join(directory, 'trace.txt'), `${text}\n`);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    process.stderr.write(`bench: no trace.txt: ${error.message}\n`);
  } finally {
    await workshop.close();
  }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), () => Math.floor(Math.random() * 2 ** 31));
  if (options.help) return void process.stdout.write(usage);
  contendersNamed(options.only); // throws for a name that nobody has, before anything is started
  const before = options.compare === undefined ? undefined : await saved(options.compare);
  const run = options.from === undefined ? await measure(options) : await saved(options.from);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(run)}\n`);
  if (options.plots !== undefined) await publish(options.plots, run);
  process.stdout.write(`${renderReport(run)}\n`);
  if (before !== undefined) process.stdout.write(`\n${renderComparison(run, before)}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
