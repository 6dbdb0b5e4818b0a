import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { plankOptions, withFlake } from './flake-option.js';
import { print, printJson } from './output.js';
import { jsonOption } from './vault-option.js';

export const page = {
  name: 'anchor flake rollback',
  usage: ['[options] DIRECTORY'],
  about: [
    'Makes the plank before the active one the active one, and anchor.env.json what that was built from. Builds nothing and needs no Nix.',
  ],
  options: { ...plankOptions, ...jsonOption },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const generation = await withFlake(onlyWord(page, line, 'DIRECTORY'), line.options, (flake) =>
    flake.rollback(),
  );
  if (line.options.json === true) printJson(generation);
  else print(`${generation.reference}  active\n`);
  return exitCodes.done;
}
