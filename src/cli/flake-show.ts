import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { plankOptions, withFlake } from './flake-option.js';
import { changesText, inputsText, installedText } from './flake-text.js';
import { print, printJson } from './output.js';
import { textTable } from './text-table.js';
import { jsonOption } from './vault-option.js';

export const page = {
  name: 'anchor flake show',
  usage: ['[options] DIRECTORY'],
  about: ['What a flake declares, and what is in its active plank. Reads files only: needs no Nix.'],
  options: { ...plankOptions, ...jsonOption },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { declared, current } = await withFlake(
    onlyWord(page, line, 'DIRECTORY'),
    line.options,
    async (flake) => ({
      declared: await flake.declared(),
      current: await flake.current(),
    }),
  );
  if (line.options.json === true) {
    printJson({ declared, current });
    return exitCodes.done;
  }
  const { inputs, environment } = declared;
  if (inputs !== null) print(inputsText(inputs));
  if (environment !== null && current === null) print(`declared: ${environment.packages.join(' ')}\n`);
  if (current === null) print('no plank of it is active\n');
  else {
    const { reference, manifest, env, entry, services, pending, installed } = current;
    print(textTable([['plank', `${reference}  ${manifest.plank}`]]));
    print(installedText(installed));
    for (const [name, value] of Object.entries(env)) print(`env ${name}=${value}\n`);
    for (const [name, words] of Object.entries(entry)) print(`entry ${name}: ${words.join(' ')}\n`);
    for (const [name, { command }] of Object.entries(services))
      print(`service ${name}: ${command.join(' ')}\n`);
    if (pending === null) print('anchor.env.json cannot be read\n');
    else if (pending.length > 0) print(`declared, and not built:\n${changesText(pending)}`);
  }
  return exitCodes.done;
}
