import { vaultKinds, type VaultEntry, type VaultKind } from '../index.js';
import { UsageError } from './command-error.js';
import { commandOf } from './command.js';
import type { CommandLine, CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { didYouMean } from './nearest.js';
import { print, printJson } from './output.js';
import { textTable } from './text-table.js';
import { bytesInWords } from './units.js';
import { jsonOption, vaultOption, withVault } from './vault-option.js';

export const page = {
  name: 'anchor vault ls',
  usage: ['[options] [KIND]'],
  about: [`Lists names with their generations. KIND is one of ${vaultKinds.join(', ')}.`],
  options: { ...vaultOption, ...jsonOption },
  notes: ['An asterisk marks the active generation.'],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { vault: path, json } = line.options;
  const kind = kindOf([...line.words, ...(line.rest ?? [])]);
  const entries = await withVault(path, (vault) => vault.list(kind));
  if (json === true) printJson(entries);
  else print(listText(entries));
  return exitCodes.done;
}

function kindOf([word, more]: readonly string[]): VaultKind | undefined {
  if (more !== undefined) throw new UsageError(`one word too many: ${more}`, `usage: ${page.name} [KIND]`);
  if (word === undefined) return undefined;
  const kind = vaultKinds.find((candidate) => candidate === word);
  if (kind !== undefined) return kind;
  throw new UsageError(
    `there is no kind ${word}${didYouMean(word, vaultKinds)}`,
    `kinds are ${vaultKinds.join(', ')}`,
  );
}

/** One line for each generation. Pure. */
export function listText(entries: readonly VaultEntry[]): string {
  const rows = entries.flatMap(({ reference, generations }) =>
    generations.map(({ generation, active, size, sha256, created }) => [
      active ? '*' : '',
      `${reference}@${generation}`,
      size === null ? 'damaged' : bytesInWords(size),
      created?.replace(/\.\d+Z$/, 'Z') ?? '',
      sha256 === null ? '' : `sha256:${sha256.slice(0, 16)}…`,
    ]),
  );
  return textTable(rows, [2]);
}
