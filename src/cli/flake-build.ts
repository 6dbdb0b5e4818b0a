import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { flakeOptions, plankOptions, watchedBuild, withFlake } from './flake-option.js';
import { buildText } from './flake-text.js';
import { print, printJson } from './output.js';
import { jsonOption } from './vault-option.js';

export const page = {
  name: 'anchor flake build',
  usage: ['[options] DIRECTORY'],
  about: [
    'Builds the plank of a flake and stores it in the vault. If it fails, the active plank is what it was.',
  ],
  options: {
    rebuild: { help: 'build it a second time, and refuse it unless the bytes are the same' },
    'no-activate': { help: 'leave the active generation as it is' },
    ...plankOptions,
    ...flakeOptions,
    ...jsonOption,
  },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { json, rebuild, 'no-activate': inactive } = line.options;
  const built = await withFlake(onlyWord(page, line, 'DIRECTORY'), line.options, (flake) =>
    watchedBuild(json === true, (options) =>
      flake.build({ ...options, rebuild: rebuild === true, activate: inactive !== true }),
    ),
  );
  if (json === true) printJson(built);
  else print(buildText(built));
  return exitCodes.done;
}
