import type { StdioSpec } from '../index.js';
import { isRecord } from './draft.js';
import { UsageError } from './command-error.js';

/** What the streams of this process are, and what was asked for. */
export interface StdioWish {
  readonly interactive: boolean;
  readonly tty: boolean;
  /** Whether stdin, stdout and stderr are terminals. */
  readonly terminals: readonly [stdin: boolean, stdout: boolean, stderr: boolean];
  /** Of the terminal, if there is one that has a size. */
  readonly size: { readonly columns: number; readonly rows: number } | null;
}

export interface StdioChoice {
  readonly stdio: StdioSpec;
  /** What is typed here goes to the terminal of the room. */
  readonly typing: boolean;
}

/**
 * Where the streams of the program lead. Files and pipes are handed over as they are; a terminal is not, bytes are carried
 * to and from it: whoever has its descriptor can change its modes and read what is typed later. Pure.
 */
export function chooseStdio(fromSpec: unknown, wish: StdioWish): StdioChoice {
  const { terminals, size } = wish;
  const specTerminal = isRecord(fromSpec) && Object.hasOwn(fromSpec, 'pty');
  if (wish.tty || specTerminal) {
    if (wish.interactive && !terminals[0]) {
      throw new UsageError(
        '-it needs a terminal as standard input',
        'leave out -t: -i alone takes a pipe or a file',
      );
    }
    const typing = wish.interactive || (specTerminal && terminals[0]);
    // Without a terminal here the size of the spec, which may also be wrong and is refused then, stays.
    if (specTerminal && size === null) return { stdio: fromSpec as unknown as StdioSpec, typing };
    return { stdio: { pty: size ?? {} }, typing };
  }
  return { stdio: chooseStreams(fromSpec, wish), typing: false };
}

function chooseStreams(fromSpec: unknown, { interactive, terminals }: StdioWish): StdioSpec {
  const carried = (fd: 0 | 1 | 2): 'pipe' | 'inherit' => (terminals[fd] ? 'pipe' : 'inherit');
  const words: unknown = typeof fromSpec === 'string' ? [fromSpec, fromSpec, fromSpec] : fromSpec;
  if (words === undefined) return [interactive ? carried(0) : 'ignore', carried(1), carried(2)];
  // Not of the right form: the library says so.
  if (!Array.isArray(words) || words.length !== 3) return fromSpec as StdioSpec;
  const [stdin, stdout, stderr] = words as unknown[];
  // A pipe leads to the program that spawns, and that is this one: it carries it on.
  const output = (word: unknown, fd: 1 | 2): unknown =>
    word === 'pipe' || word === 'inherit' ? carried(fd) : word;
  let input: unknown = stdin;
  if (interactive || stdin === 'inherit') input = carried(0);
  else if (stdin === 'pipe') input = 'ignore';
  return [input, output(stdout, 1), output(stderr, 2)] as unknown as StdioSpec;
}
