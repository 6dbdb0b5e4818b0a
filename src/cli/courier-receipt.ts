import { recordRun, type RoomSpec } from '../index.js';
import { withAnchor } from './anchor-option.js';
import { UsageError } from './command-error.js';
import { commandOf } from './command.js';
import { exactNoWords, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { interruptible } from './interruptible.js';
import { readJson } from './json-file.js';
import { printJson, say } from './output.js';
import { vaultOption } from './vault-option.js';

export const page = {
  name: 'anchor courier receipt',
  usage: ['[options] --room SPEC'],
  about: [
    'Runs a room to its end and prints the receipt of it: hashes of its plank, of what it mounts of the vault, and of what it wrote. ' +
      'Pack that with `anchor courier pack --receipt`, and `anchor replay` elsewhere says whether the same came of it.',
  ],
  options: {
    room: { value: 'SPEC', help: 'the spec of the room, a JSON file; - is standard input' },
    show: { help: 'pass on to standard error what the room writes' },
    ...vaultOption,
  },
  notes: [
    'A receipt is worth something where the run has a fixed seed and nothing else that chance decides.',
  ],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  exactNoWords(page, line);
  const { room, show, vault } = line.options;
  if (room === undefined)
    throw new UsageError('--room SPEC is missing', `usage: ${page.name} ${page.usage[0]}`);
  // What is in it is for the library to check.
  const spec = readJson(room, '--room') as RoomSpec;
  const { receipt } = await withAnchor(vault, (anchor) =>
    interruptible((signal) =>
      recordRun(anchor, spec, {
        signal,
        ...(show === true ? { onOutput: (_, chunk) => say(chunk) } : {}),
      }),
    ),
  );
  printJson(receipt);
  return exitCodes.done;
}
