import type { Generation, Vault } from '../index.js';
import { commandOf, type Command } from './command.js';
import { onlyWord, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { print, printJson } from './output.js';
import { jsonOption, vaultOption, withVault } from './vault-option.js';

export const switchOptions = { ...vaultOption, ...jsonOption } as const;

/** A command that makes another generation the active one. */
export function switchCommand(
  page: CommandPage<typeof switchOptions>,
  work: (vault: Vault, name: string) => Promise<Generation>,
): Command {
  return commandOf(page, async (line) => {
    const name = onlyWord(page, line, 'NAME');
    const generation = await withVault(line.options.vault, (vault) => work(vault, name));
    if (line.options.json === true) printJson(generation);
    else print(`${generation.reference}  active\n`);
    return exitCodes.done;
  });
}
