import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { UsageError } from './command-error.js';
import { exitCodes } from './exit-code.js';
import { flakeOptions, plankOptions, watchedBuild, withFlakeAlone } from './flake-option.js';
import { inputsText } from './flake-text.js';
import { print, printJson } from './output.js';
import { jsonOption } from './vault-option.js';

export const page = {
  name: 'anchor flake lock',
  usage: ['[options] DIRECTORY'],
  about: [
    'Pins what flake.nix names and flake.lock does not yet. Pins that are there stay, unless they are named.',
  ],
  options: {
    update: { value: 'INPUT', many: true, help: 'look at this input again; repeatable' },
    'update-all': { help: 'look at all of them again' },
    ...flakeOptions,
    vault: plankOptions.vault,
    ...jsonOption,
  },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { json, update = [], 'update-all': all } = line.options;
  if (all === true && update.length > 0) throw new UsageError('--update-all and --update: one of them');
  const lock = await withFlakeAlone(onlyWord(page, line, 'DIRECTORY'), line.options, (flake) =>
    watchedBuild(json === true, (options) =>
      flake.lock({ ...options, update: all === true ? 'all' : update }),
    ),
  );
  if (json === true) printJson(lock);
  else {
    const changed = lock.changes.map(({ name }) => name).join(', ');
    print(inputsText(lock.inputs));
    print(changed === '' ? 'nothing has changed\n' : `other than before: ${changed}\n`);
  }
  return exitCodes.done;
}
