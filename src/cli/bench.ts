import { writeFileSync } from 'node:fs';
import { Anchor } from '../index.js';
import { benchReport, benchText } from './bench-report.js';
import { takeSamples, type Sample } from './bench-samples.js';
import { ResultError, UsageError } from './command-error.js';
import { commandOf } from './command.js';
import { countOf, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { histogram } from './histogram.js';
import { interruptible } from './interruptible.js';
import { print, printJson } from './output.js';
import { ProgressLine } from './progress-line.js';

export const page = {
  name: 'anchor bench',
  usage: ['[options] [PLANK] [-- COMMAND [ARGUMENT…]]'],
  about: [
    'Starts rooms one after another and says how long each phase took: half of the rooms were as fast as p50 or faster, ' +
      '99 of 100 as fast as p99. PLANK is host unless given; COMMAND has to write something, and is echo unless given.',
  ],
  options: {
    number: { short: 'n', value: 'NUMBER', help: 'rooms that count (default 300)' },
    warmup: { value: 'NUMBER', help: 'rooms before these that do not (default 20)' },
    svg: { value: 'FILE', help: 'draw the distribution of the time to the first byte' },
    json: { help: 'print the report and every measurement as JSON, and no progress' },
  },
} as const satisfies CommandPage;

const mostRooms = 1_000_000;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { options, words, rest } = line;
  const [plank = 'host', more] = words;
  if (more !== undefined) throw new UsageError(`one word too many: ${more}`, 'a command follows --');
  const rooms = countOf(options.number, '--number', 300, mostRooms);
  const warmup = options.warmup === '0' ? 0 : countOf(options.warmup, '--warmup', 20, mostRooms);
  const what = { plank, command: rest === null || rest.length === 0 ? ['echo', 'ready'] : rest, warmup };

  const progress = new ProgressLine(process.stderr, options.json !== true);
  const show = (done: number): void => progress.show(`${done} of ${rooms} rooms`);
  const samples = await interruptible((signal) =>
    measure(what, { rooms, warmup, signal, onRoom: show }),
  ).finally(() => progress.clear());
  const report = benchReport(what, samples);
  if (options.svg !== undefined) save(options.svg, histogram(report));
  if (options.json === true) printJson(report);
  else print(benchText(report));
  return exitCodes.done;
}

async function measure(
  { plank, command: argv }: { plank: string; command: readonly string[] },
  options: Parameters<typeof takeSamples>[2],
): Promise<Sample[]> {
  const anchor = await Anchor.open({ cgroup: { delegate: true } });
  try {
    return await takeSamples(anchor, { plank, command: argv }, options);
  } finally {
    await anchor.close();
  }
}

function save(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new ResultError(`${path} cannot be written: ${(error as Error).message}`);
  }
}
