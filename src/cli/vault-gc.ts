import type { Collection } from '../index.js';
import { commandOf } from './command.js';
import { UsageError } from './command-error.js';
import { countOf, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { interruptible } from './interruptible.js';
import { print, printJson } from './output.js';
import { bytesInWords } from './units.js';
import { jsonOption, vaultOption, withVault } from './vault-option.js';

export const page = {
  name: 'anchor vault gc',
  usage: ['[options]'],
  about: [
    'Removes old generations: all but the newest few of each name, the active ones, and those that somebody uses.',
  ],
  options: {
    keep: { value: 'NUMBER', help: 'generations of each name that stay in any case (default: 3)' },
    'dry-run': { short: 'n', help: 'only say what would be removed' },
    ...vaultOption,
    ...jsonOption,
  },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { vault: path, json, keep } = line.options;
  const more = [...line.words, ...(line.rest ?? [])][0];
  if (more !== undefined) throw new UsageError(`one word too many: ${more}`, `usage: ${page.name} [options]`);
  const options = { keep: countOf(keep, '--keep', 3, 1000), dryRun: line.options['dry-run'] === true };
  const collection = await withVault(path, (vault) =>
    interruptible((signal) => vault.collect({ ...options, signal })),
  );
  if (json === true) printJson(collection);
  else print(collectionText(collection));
  return exitCodes.done;
}

/** Pure. */
export function collectionText({ removed, kept, freed, dryRun }: Collection): string {
  const verb = dryRun ? 'would be removed' : 'removed';
  const lines = [
    ...kept.map(({ reference, why }) => `${reference}  stays: ${why}`),
    ...removed.map(({ reference, bytes }) => `${reference}  ${verb}, ${bytesInWords(bytes)}`),
    `${removed.length} ${removed.length === 1 ? 'generation' : 'generations'} ${verb}, ${bytesInWords(freed)} ${dryRun ? 'would be free' : 'are free'}`,
  ];
  return lines.map((text) => `${text}\n`).join('');
}
