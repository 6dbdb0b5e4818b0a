import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { flakeOptions, plankOptions, watchedBuild, withFlakeAlone } from './flake-option.js';
import { installedText } from './flake-text.js';
import { print, printJson } from './output.js';
import { jsonOption } from './vault-option.js';

export const page = {
  name: 'anchor flake check',
  usage: ['[options] DIRECTORY'],
  about: [
    'Whether all inputs are pinned and unchanged, every output can be evaluated, and the checks of the flake build.',
  ],
  options: { ...flakeOptions, vault: plankOptions.vault, ...jsonOption },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const json = line.options.json === true;
  const found = await withFlakeAlone(onlyWord(page, line, 'DIRECTORY'), line.options, (flake) =>
    watchedBuild(json, (options) => flake.check(options)),
  );
  if (json) printJson(found);
  else {
    if (found.environment !== null) print(installedText(found.environment.installed));
    print('good\n');
  }
  return exitCodes.done;
}
