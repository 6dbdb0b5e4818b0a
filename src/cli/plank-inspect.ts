import { inspectPlank } from '../index.js';
import { commandOf } from './command.js';
import { onlyWord, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { interruptible } from './interruptible.js';
import { print, printJson } from './output.js';
import { plankText } from './plank-text.js';
import { ProgressLine } from './progress-line.js';

export const page = {
  name: 'anchor plank inspect',
  usage: ['[options] PLANK'],
  about: ['Reads the superblock and hashes the file. Nothing is mounted.'],
  options: { json: { help: 'print it as JSON' } },
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { json } = line.options;
  const path = onlyWord(page, line, 'PLANK');
  const progress = new ProgressLine(process.stderr, json !== true);
  try {
    const report = await interruptible((signal) =>
      inspectPlank(path, {
        signal,
        onProgress: (share) => progress.show(`hashing ${Math.floor(share * 100)} %`),
      }),
    );
    progress.clear();
    if (json === true) printJson(report);
    else print(plankText(report));
    return exitCodes.done;
  } finally {
    progress.clear();
  }
}
