import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { interruptible } from './interruptible.js';
import { print, printJson } from './output.js';
import { jsonOption, vaultOption, withVault } from './vault-option.js';

export const page = {
  name: 'anchor vault rm',
  usage: ['[options] NAME'],
  about: [
    'Removes one generation (kind/name@generation) that is not the active one, or a name (kind/name) with all of its generations. ' +
      'What a room or another program uses is refused.',
  ],
  options: { ...vaultOption, ...jsonOption },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { vault: path, json } = line.options;
  const name = onlyWord(page, line, 'NAME');
  const removed = await withVault(path, (vault) => interruptible((signal) => vault.remove(name, { signal })));
  if (json === true) printJson({ removed });
  else print(removed.map((reference) => `${reference}  removed\n`).join(''));
  return exitCodes.done;
}
