import { commandOf } from './command.js';
import { exactWords, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { print, printJson } from './output.js';
import { bytesInWords } from './units.js';
import { jsonOption, vaultOption, watched, withVault } from './vault-option.js';

export const page = {
  name: 'anchor vault get',
  usage: ['[options] NAME TARGET'],
  about: [
    'Copies a generation (kind/name or kind/name@generation; the active one without a number) to TARGET, which must not exist. ' +
      'What arrives is what was stored, or nothing does.',
  ],
  options: { ...vaultOption, ...jsonOption },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { vault: path, json } = line.options;
  const [name, target] = exactWords(page, line, 'NAME', 'TARGET');
  const result = await withVault(path, (vault) =>
    watched(json === true, (options) => vault.get(name, target, options)),
  );
  if (json === true) printJson(result);
  else print(`${result.reference}  ${bytesInWords(result.meta.size)}  ${result.path}\n`);
  return exitCodes.done;
}
