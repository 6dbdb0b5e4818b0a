import { hostReport } from '../index.js';
import { commandOf } from './command.js';
import type { CommandLine, CommandPage } from './command-line.js';
import { doctorText } from './doctor-text.js';
import { exitCodes } from './exit-code.js';
import { print, printJson } from './output.js';
import { styleFor } from './style.js';
import { UsageError } from './command-error.js';

export const page = {
  name: 'anchor doctor',
  usage: ['[options]'],
  about: [
    'Tries each thing that rooms are made with, and changes nothing. Run it as whoever is to make rooms.',
  ],
  options: { json: { help: 'print the report as JSON' } },
  notes: ['Exit code: 0 when rooms can be made, 1 otherwise.'],
} as const satisfies CommandPage;

const usualColumns = 100;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { options, words, rest } = line;
  const [word] = [...words, ...(rest ?? [])];
  if (word !== undefined)
    throw new UsageError(`one word too many: ${word}`, `${page.name} takes options only`);
  const report = await hostReport();
  if (options.json === true) printJson(report);
  else {
    const columns =
      process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : usualColumns;
    print(doctorText(report, styleFor(process.stdout, process.env), columns));
  }
  return report.ok ? exitCodes.done : exitCodes.failed;
}
