import { readCommandLine, type CommandLine, type CommandPage, type OptionTable } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { renderHelp } from './help.js';
import { print } from './output.js';

/** What a word of the command line stands for. */
export interface Command {
  /** Its options; a word that only chooses further has none. */
  readonly page?: CommandPage;
  /** What a failure exits with that is no fault of the command line. */
  readonly failed: number;
  /** Gives the exit code. What it throws is told by the caller. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** A command with options: reads them, answers `--help`, and hands the rest to `work`. */
export function commandOf<T extends OptionTable>(
  page: CommandPage<T>,
  work: (line: CommandLine<T>) => Promise<number>,
  { failed = exitCodes.failed, ownWords }: { failed?: number; ownWords?: 'before-command' } = {},
): Command {
  return {
    page,
    failed,
    run: async (args) => {
      const line = readCommandLine(page, args, ownWords);
      if (!line.help) return work(line);
      print(renderHelp(page));
      return exitCodes.done;
    },
  };
}
