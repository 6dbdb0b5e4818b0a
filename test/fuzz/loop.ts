import { parseArgs } from 'node:util';
import { Random } from './random.js';

/** One thing to try, with a generator of its own. Throws when a rule was broken. */
export type Trial = (random: Random) => void | Promise<void>;

/**
 * Tries these in turn until the time is over. What a trial does depends on its number only, so the number that is printed
 * with a failure (and, for the parent of a process that crashed, before each trial with --trace) is enough to repeat it:
 * `--only NUMBER`.
 */
export async function tryFor(trials: Readonly<Record<string, Trial>>): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '10' },
      first: { type: 'string', default: '0' },
      only: { type: 'string' },
      trace: { type: 'boolean', default: false },
    },
  });
  const names = Object.keys(trials);
  const counts = new Map<string, number>();
  const begin = Date.now();
  const until = begin + Number(values.seconds) * 1000;
  const first = Number(values.only ?? values.first);
  let number = first;
  do {
    const name = names[number % names.length] as string;
    if (values.trace) process.stderr.write(`trial ${number}: ${name}\n`);
    try {
      await trials[name]?.(new Random(number));
    } catch (error) {
      process.stderr.write(`trial ${number} (${name}) broke a rule; repeat it with --only ${number}\n`);
      throw error;
    }
    counts.set(name, (counts.get(name) ?? 0) + 1);
    number++;
    // Let the loop of events turn: promises of native code settle there.
    if (number % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  } while (values.only === undefined && Date.now() < until);
  const seconds = (Date.now() - begin) / 1000;
  const each = [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  process.stdout.write(
    `${number - first} trials, ${Math.round((number - first) / seconds)} in a second (${each})\n`,
  );
}
