import { parseArgs } from 'node:util';
import { type QuestionName, dueQuestions, questionNames } from './questions/index.js';

export interface Options {
  readonly questions: readonly QuestionName[];
  readonly rounds: number;
  readonly warmup: number;
  /** Names of contenders; empty: all. */
  readonly only: readonly string[];
  readonly fifo: boolean;
  /** Where to save the run. */
  readonly json: string | undefined;
  /** A saved run to show instead of a new one. */
  readonly from: string | undefined;
  /** A saved run to compare with. */
  readonly compare: string | undefined;
  /** Directory for plots and the report. */
  readonly plots: string | undefined;
  readonly seed: number;
  readonly help: boolean;
}

export const usage = `npm run bench -- [options]

What is asked (default: what the bars of the design need, ${dueQuestions.join(', ')}):
  --question NAME  only this one: ${questionNames.join(', ')};
                   may be repeated, or several with commas
  --scale          as --question scale,churn
  --copy           as --question copy; BENCH_COPY_DIR: a directory on the disk in question
  --all            every question

How:
  --rounds N       rounds that count; every lane starts one room per round (default 300)
  --warmup N       rounds before them that do not (default 20)
  --quick          as --rounds 30 --warmup 5
  --only NAME      only this contender; may be repeated, or several with commas
  --fifo           all lanes under SCHED_FIFO: other load of the machine disturbs them less, but launchers and rooms
                   of the library leave it: fair only on a quiet machine
  --seed N         seed of the order of lanes (default: drawn, and printed)

What becomes of it:
  --json FILE      save the run: machine facts and every value
  --from FILE      show a saved run instead of making one
  --compare FILE   compare with a saved run
  --plots DIR      write plots (SVG) and the report (report.md) there

BENCH_BWRAP, BENCH_CRUN, BENCH_RUNC, …: path of a binary to use instead of the one in PATH.
`;

/** Reads the command line; throws RangeError or TypeError with a message for the user. */
export function parseOptions(args: readonly string[], drawSeed: () => number): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      question: { type: 'string', multiple: true, default: [] },
      scale: { type: 'boolean', default: false },
      copy: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      warmup: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      fifo: { type: 'boolean', default: false },
      json: { type: 'string' },
      from: { type: 'string' },
      compare: { type: 'string' },
      plots: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick, scale, copy, all, fifo, json, from, compare, plots, help } = values;
  const named = [
    ...words(values.question),
    ...(scale ? ['scale', 'churn'] : []),
    ...(copy ? ['copy'] : []),
  ].map(questionNamed);
  return {
    questions: all ? questionNames : named.length > 0 ? named : dueQuestions,
    rounds: wholeNumber('--rounds', values.rounds ?? (quick ? '30' : '300'), 1),
    warmup: wholeNumber('--warmup', values.warmup ?? (quick ? '5' : '20'), 0),
    only: words(values.only),
    ...{ fifo, json, from, compare, plots, help },
    seed: values.seed === undefined ? drawSeed() : wholeNumber('--seed', values.seed, 0),
  };
}

function words(values: readonly string[]): string[] {
  return values.flatMap((names) => names.split(',')).filter(Boolean);
}

function questionNamed(name: string): QuestionName {
  const known = questionNames.find((question) => question === name);
  if (known === undefined) throw new RangeError(`--question: no '${name}' among ${questionNames.join(', ')}`);
  return known;
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${name}: expected a whole number from ${least} on, got '${text}'`);
  }
  return value;
}
