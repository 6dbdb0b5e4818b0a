import type { EnvironmentEdit } from '../index.js';
import { commandOf } from './command.js';
import { UsageError } from './command-error.js';
import type { CommandLine, CommandPage, OptionValues } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { flakeOptions, plankOptions, watchedBuild, withFlake } from './flake-option.js';
import { buildText, changesText } from './flake-text.js';
import { readJson } from './json-file.js';
import { print, printJson } from './output.js';
import { readPair } from './pairs.js';
import { jsonOption } from './vault-option.js';

export const page = {
  name: 'anchor flake declare',
  usage: ['[options] DIRECTORY', '[options] --entry NAME DIRECTORY -- COMMAND…'],
  about: [
    'Edits anchor.env.json, builds and checks what it says then, and makes that the active plank. If anything fails, the file and the ' +
      'active plank are what they were.',
  ],
  options: {
    add: { value: 'PACKAGE', many: true, help: 'a package more; repeatable' },
    remove: { value: 'PACKAGE', many: true, help: 'a package less; repeatable' },
    env: { value: 'NAME=VALUE', many: true, help: 'a variable; repeatable' },
    'no-env': { value: 'NAME', many: true, help: 'no such variable; repeatable' },
    entry: { value: 'NAME', help: 'the command after -- under this name' },
    'no-entry': { value: 'NAME', many: true, help: 'no command of this name; repeatable' },
    edit: {
      value: 'FILE',
      help: 'the change as JSON, also of services, instead of the options above; - is standard input',
    },
    ...plankOptions,
    ...flakeOptions,
    ...jsonOption,
  },
  notes: ['Example:', '  anchor flake declare --add python3 --entry train agent/ -- python3 /work/train.py'],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { json } = line.options;
  const [directory, ...more] = line.words;
  if (directory === undefined || more.length > 0)
    throw new UsageError(
      directory === undefined ? 'DIRECTORY is missing' : `one word too many: ${more[0]}`,
      `usage: ${page.name} ${page.usage[0]}`,
    );
  const edit = editOf(line.options, line.rest);
  const declared = await withFlake(directory, line.options, (flake) =>
    watchedBuild(json === true, (options) => flake.declare(edit, options)),
  );
  if (json === true) printJson(declared);
  else print(`${changesText(declared.changes)}${buildText(declared.build)}`);
  return exitCodes.done;
}

function editOf(options: OptionValues<typeof page.options>, rest: readonly string[] | null): EnvironmentEdit {
  const { add, remove, env = [], 'no-env': noEnv = [], entry, 'no-entry': noEntry = [], edit } = options;
  if (edit !== undefined) {
    if (
      [add, remove, options.env, options['no-env'], entry, options['no-entry']].some(
        (each) => each !== undefined,
      )
    )
      throw new UsageError('--edit and other changes: one or the other');
    // What is in it is for the library to check.
    return readJson(edit, '--edit') as EnvironmentEdit;
  }
  if (entry === undefined && rest !== null) throw new UsageError('a command without --entry NAME');
  if (entry !== undefined && rest === null) throw new UsageError('--entry needs a command after --');
  return {
    ...(add === undefined && remove === undefined
      ? {}
      : { packages: { ...(add === undefined ? {} : { add }), ...(remove === undefined ? {} : { remove }) } }),
    env: Object.fromEntries([
      ...env.map((text) => readPair(text, '--env', 'NAME=VALUE')),
      ...noEnv.map((name) => [name, null] as const),
    ]),
    entry: Object.fromEntries([
      ...noEntry.map((name) => [name, null] as const),
      ...(entry === undefined ? [] : [[entry, rest ?? []] as const]),
    ]),
  };
}
