import { parseArgs } from 'node:util';
import { didYouMean } from './nearest.js';
import { UsageError } from './command-error.js';

/** One option of a command. */
export interface OptionRow {
  readonly short?: string;
  /** What stands for the value in the help; without it the option is a switch. */
  readonly value?: string;
  /** Each time it is given counts; of other options the last one does. */
  readonly many?: true;
  readonly help: string;
  /** The heading above it in the help; those that follow belong to it too. */
  readonly heading?: string;
}

/** Long names and what they are. */
export type OptionTable = Readonly<Record<string, OptionRow>>;

/** What was given, by long name; what was not is absent. */
export type OptionValues<T extends OptionTable> = {
  -readonly [Name in keyof T]?: T[Name] extends { value: string }
    ? T[Name] extends { many: true }
      ? string[]
      : string
    : true;
};

/** What a command says about itself: enough to parse its command line and to print its help. */
export interface CommandPage<T extends OptionTable = OptionTable> {
  /** As it is called, e.g. `anchor plank build`. */
  readonly name: string;
  /** What follows the name. */
  readonly usage: readonly string[];
  /** Paragraphs below the usage. */
  readonly about?: readonly string[];
  readonly options: T;
  /** Paragraphs or lines at the end; lines that begin with a space are kept as they are. */
  readonly notes?: readonly string[];
}

export interface CommandLine<T extends OptionTable> {
  readonly options: OptionValues<T>;
  /** `--help` or `-h` was among them. */
  readonly help: boolean;
  /** Words that are no options. */
  readonly words: readonly string[];
  /** What follows `--`, or null where there is none. */
  readonly rest: readonly string[] | null;
}

/**
 * Reads options wherever they stand. With `ownWords: 'before-command'` they end at the first word: that and all after it
 * is somebody else's command line and left alone (in `rest`, with the `--` if there is one).
 */
export function readCommandLine<T extends OptionTable>(
  page: CommandPage<T>,
  args: readonly string[],
  ownWords: 'anywhere' | 'before-command' = 'anywhere',
): CommandLine<T> {
  const { tokens } = parseArgs({
    args: [...args],
    options: parserOptions(page.options),
    // Unknown options are refused below, with a suggestion.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | true | string[]> = {};
  const words: string[] = [];
  let rest: readonly string[] | null = null;
  let help = false;
  for (const token of tokens) {
    if (ownWords === 'before-command' && token.kind !== 'option') {
      rest = args.slice(token.index);
      break;
    }
    if (token.kind === 'option-terminator') {
      rest = args.slice(token.index + 1);
      break;
    }
    if (token.kind === 'positional') words.push(token.value);
    else if (token.name === 'help') help = true;
    else keep(values, page, token);
  }
  return { options: values as OptionValues<T>, help, words, rest };
}

function keep(
  values: Record<string, string | true | string[]>,
  page: CommandPage,
  token: { name: string; rawName: string; value: string | undefined; inlineValue: boolean | undefined },
): void {
  const { name, rawName, value, inlineValue } = token;
  const row = Object.hasOwn(page.options, name) ? page.options[name] : undefined;
  const hint = `${page.name} --help lists the options`;
  if (row === undefined) {
    const meant = rawName.startsWith('--')
      ? didYouMean(name, ['help', ...Object.keys(page.options)], '--')
      : '';
    throw new UsageError(`unknown option ${rawName}${meant}`, hint);
  }
  if (row.value === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`, hint);
    values[name] = true;
    return;
  }
  if (value === undefined) throw new UsageError(`${rawName} needs a value: ${row.value}`, hint);
  // `-` alone is a name for standard input; `--memory --swap 0` is a slip.
  if (inlineValue !== true && value.length > 1 && value.startsWith('-')) {
    throw new UsageError(`${rawName} needs a value, got ${value}`, `if it is meant: ${rawName}=${value}`);
  }
  if (row.many === true) values[name] = [...((values[name] as string[] | undefined) ?? []), value];
  else values[name] = value;
}

type ParserOptions = Record<string, { type: 'string' | 'boolean'; short?: string }>;

function parserOptions(table: OptionTable): ParserOptions {
  const options: ParserOptions = { help: { type: 'boolean', short: 'h' } };
  for (const [name, { short, value }] of Object.entries(table)) {
    const type = value === undefined ? 'boolean' : 'string';
    options[name] = short === undefined ? { type } : { type, short };
  }
  return options;
}

/** Exactly one word, called `what`. */
export function onlyWord(page: CommandPage, line: CommandLine<OptionTable>, what: string): string {
  return exactWords(page, line, what)[0];
}

/** No word at all. */
export function exactNoWords(page: CommandPage, { words, rest }: CommandLine<OptionTable>): void {
  const [more] = [...words, ...(rest ?? [])];
  if (more !== undefined)
    throw new UsageError(`one word too many: ${more}`, `usage: ${page.name} ${page.usage[0] ?? ''}`);
}

/** Exactly as many words as there are names for them. */
export function exactWords<Names extends readonly [string, ...string[]]>(
  page: CommandPage,
  { words, rest }: CommandLine<OptionTable>,
  ...names: Names
): { [At in keyof Names]: string } {
  const all = [...words, ...(rest ?? [])];
  const hint = `usage: ${page.name} ${page.usage[0] ?? ''}`;
  const missing = names[all.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`, hint);
  const more = all[names.length];
  if (more !== undefined) throw new UsageError(`one word too many: ${more}`, hint);
  return all as unknown as { [At in keyof Names]: string };
}

/** A whole number from 1 to `most`. */
export function countOf(text: string | undefined, option: string, fallback: number, most: number): number {
  if (text === undefined) return fallback;
  const number = /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : NaN;
  if (number <= most) return number;
  throw new UsageError(`${option}: expected a whole number from 1 to ${most}, got ${JSON.stringify(text)}`);
}
