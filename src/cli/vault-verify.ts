import type { VaultVerification } from '../index.js';
import { commandOf } from './command.js';
import type { CommandLine, CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { print, printJson } from './output.js';
import { styleFor, type Style } from './style.js';
import { bytesInWords } from './units.js';
import { jsonOption, vaultOption, watched, withVault } from './vault-option.js';

export const page = {
  name: 'anchor vault verify',
  usage: ['[options] [NAME…]'],
  about: [
    'Reads generations back from the disk, past the page cache, and compares every byte with what was stored; all of the vault ' +
      'unless names are given. The chain of the audit log is checked as well.',
  ],
  options: { ...vaultOption, ...jsonOption },
  notes: ['Exit code: 0 when everything is as it was stored, 5 when something is not.'],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { vault: path, json } = line.options;
  const names = [...line.words, ...(line.rest ?? [])];
  const result = await withVault(path, (vault) =>
    watched(json === true, (options) => vault.verify(names.length === 0 ? undefined : names, options)),
  );
  if (json === true) printJson(result);
  else print(vaultVerificationText(result, styleFor(process.stdout, process.env)));
  return result.ok ? exitCodes.done : exitCodes.damaged;
}

/** Pure. */
export function vaultVerificationText(
  { ok, generations, bytes, nix, log }: VaultVerification,
  style: Style,
): string {
  const lines = generations.flatMap(({ reference, ok: good, problems }) => [
    `${good ? style.good('whole  ') : style.bad('damaged')}  ${reference}`,
    ...problems.map(
      ({ path, problem, detail }) => `         ${problem}${path === '' ? '' : ` ${path}`}: ${detail}`,
    ),
  ]);
  if (nix !== null && (nix.paths > 0 || !nix.ok)) {
    lines.push(`${nix.ok ? style.good('whole  ') : style.bad('damaged')}  nix, ${nix.paths} paths`);
    lines.push(...nix.problems.map(({ path, detail }) => `         ${path}: ${detail}`));
  }
  lines.push(`${log.ok ? style.good('whole  ') : style.bad('damaged')}  audit log, ${log.records} records`);
  lines.push(...log.problems.map(({ file, line, problem }) => `         ${file}:${line}: ${problem}`));
  lines.push(
    `${bytesInWords(bytes)} read back: ${ok ? style.good('as stored') : style.bad('not as stored')}`,
  );
  return lines.map((text) => `${text}\n`).join('');
}
