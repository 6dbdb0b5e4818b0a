import { Vault } from '../index.js';
import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { print, printJson } from './output.js';
import { jsonOption } from './vault-option.js';

export const page = {
  name: 'anchor vault init',
  usage: ['[options] PATH'],
  about: [
    'Makes an empty or missing directory a vault. A directory of /etc/fstab at which nothing is mounted is refused: what is ' +
      'written there is gone from sight when its disk comes.',
  ],
  options: {
    mounted: { help: 'it is a disk of its own, and no vault whenever that is not mounted' },
    ...jsonOption,
  },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { mounted, json } = line.options;
  const vault = await Vault.init(onlyWord(page, line, 'PATH'), mounted === true ? { mounted } : {});
  const { path, id, created } = vault;
  await vault.close();
  if (json === true) printJson({ path, id, created });
  else print(`${path} is the vault ${id}\n`);
  return exitCodes.done;
}
