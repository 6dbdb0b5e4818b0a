import { parseArgs } from 'node:util';

export interface Options {
  readonly rounds: number;
  readonly warmup: number;
  /** Names of contenders; empty: all. */
  readonly only: readonly string[];
  /** Where to save the run. */
  readonly json: string | undefined;
  /** A saved run to compare with. */
  readonly compare: string | undefined;
  readonly seed: number;
  readonly help: boolean;
}

export const usage = `npm run bench -- [options]

  --rounds N      rounds that count; every lane starts one room per round (default 300)
  --warmup N      rounds before them that do not (default 20)
  --only NAME     only this contender; may be repeated, or several with commas
  --json FILE     save the run: machine facts and every value
  --compare FILE  compare with a saved run
  --seed N        seed of the order of lanes (default: drawn, and printed)

BENCH_BWRAP, BENCH_CRUN, BENCH_RUNC: path of a binary to use instead of the one in PATH.
`;

/** Reads the command line; throws RangeError or TypeError with a message for the user. */
export function parseOptions(args: readonly string[], drawSeed: () => number): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '300' },
      warmup: { type: 'string', default: '20' },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      compare: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    rounds: wholeNumber('--rounds', values.rounds, 1),
    warmup: wholeNumber('--warmup', values.warmup, 0),
    only: values.only.flatMap((names) => names.split(',')).filter(Boolean),
    json: values.json,
    compare: values.compare,
    seed: values.seed === undefined ? drawSeed() : wholeNumber('--seed', values.seed, 0),
    help: values.help,
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${name}: expected a whole number from ${least} on, got '${text}'`);
  }
  return value;
}
