import type { Command } from './command.js';
import type { CommandMenu } from './commands.js';
import { exitCodes } from './exit-code.js';
import { entry } from './help.js';
import { didYouMean } from './nearest.js';
import { print, say, tellFailure } from './output.js';
import { UsageError } from './command-error.js';

/** `anchor` and `anchor plank`: words that choose a command. */
export interface MenuPage {
  readonly name: string;
  readonly about: string;
  readonly menu: CommandMenu;
  /** Options besides `--help`, with what they print. */
  readonly options?: Readonly<Record<string, { readonly help: string; readonly text: () => string }>>;
}

/** Runs what the first word names. Whatever goes wrong is told; the promise gives the exit code. */
export async function choose(page: MenuPage, args: readonly string[]): Promise<number> {
  const [word, ...rest] = args;
  if (word === '--help' || word === '-h' || (word === 'help' && rest.length === 0)) {
    print(renderMenu(page));
    return exitCodes.done;
  }
  if (word === undefined) {
    say(renderMenu(page));
    return exitCodes.usage;
  }
  if (word === 'help') return choose(page, [...rest, '--help']);
  const option = word.startsWith('--') ? page.options?.[word.slice(2)] : undefined;
  if (option !== undefined) {
    print(`${option.text()}\n`);
    return exitCodes.done;
  }
  let command: Command | null = null;
  try {
    command = await find(page, word);
    return await command.run(rest);
  } catch (error) {
    const jsonFd = rest.includes('--json') ? 2 : null;
    return tellFailure(error, { jsonFd, failed: command?.failed ?? exitCodes.failed });
  }
}

async function find({ name, menu, options }: MenuPage, word: string): Promise<Command> {
  const found = Object.hasOwn(menu, word) ? menu[word] : undefined;
  if (found !== undefined) return (await found.load()).command;
  const hint = `${name} --help lists what there is`;
  if (word.startsWith('-')) {
    const meant = didYouMean(word.replace(/^-+/, ''), ['help', ...Object.keys(options ?? {})], '--');
    throw new UsageError(`unknown option ${word}${meant}`, hint);
  }
  throw new UsageError(`there is no command ${name} ${word}${didYouMean(word, Object.keys(menu))}`, hint);
}

/** The help of a menu. Pure. */
export function renderMenu({ name, about, menu, options = {} }: MenuPage): string {
  const lines = [
    `Usage: ${name} COMMAND …`,
    '',
    about,
    '',
    'Commands:',
    ...Object.entries(menu).flatMap(([word, { summary }]) => entry(word, summary)),
    '',
    'Options:',
    ...Object.entries(options).flatMap(([word, { help }]) => entry(`    --${word}`, help)),
    ...entry('-h, --help', `show this; ${name} COMMAND --help says more`),
  ];
  return `${lines.join('\n')}\n`;
}
