import { parseArgs } from 'node:util';

/** How a soak is run. */
export interface SoakOptions {
  /** It is over when so many rooms were asked for, or after so many seconds, whichever comes first. */
  readonly rooms: number;
  readonly seconds: number;
  /** The same seed gives the same rooms the same ends; what happens at the same time is up to the machine. */
  readonly seed: number;
  readonly form: 'text' | 'json' | 'tap';
}

export const usage = `npm run soak -- [--rooms N] [--seconds N] [--seed N] [--json | --tap]
  --rooms N     how many rooms (20000, or no limit with --seconds)
  --seconds N   how long (no limit)
  --seed N      which rooms and which ends, 0 to 4294967295 (one by chance, which is printed)
  --json        the whole report as JSON
  --tap         one result for each promise, as a suite of tests prints it`;

/** Throws an Error that says what is wrong with the words of a command line. */
export function parseSoakOptions(words: readonly string[], chance: () => number): SoakOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      rooms: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      tap: { type: 'boolean', default: false },
    },
  });
  if (values.json && values.tap) throw new Error('--json and --tap are two forms of one report');
  const timed = values.seconds !== undefined;
  return {
    rooms: numberOf('rooms', values.rooms, 1) ?? (timed ? Infinity : 20_000),
    seconds: numberOf('seconds', values.seconds, 1) ?? Infinity,
    seed: numberOf('seed', values.seed, 0) ?? Math.floor(chance() * 2 ** 32),
    form: values.json ? 'json' : values.tap ? 'tap' : 'text',
  };
}

function numberOf(name: string, text: string | undefined, least: number): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value < 2 ** 32) return value;
  throw new Error(`--${name}: expected a whole number of at least ${least}, got ${JSON.stringify(text)}`);
}
