import { commandOf } from './command.js';
import { exactWords, type CommandLine, type CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { print, printJson } from './output.js';
import { bytesInWords } from './units.js';
import { jsonOption, vaultOption, watched, withVault } from './vault-option.js';

export const page = {
  name: 'anchor vault put',
  usage: ['[options] SOURCE NAME'],
  about: [
    'Stores the file or directory SOURCE as a new generation of NAME (kind/name, e.g. models/tiny.gguf) and makes it the active ' +
      'one. It is done when all of it is on the disk and was read back from there; until then nothing has changed.',
  ],
  options: {
    'no-activate': { help: 'leave the active generation as it is' },
    expect: { value: 'sha256:HEX', help: 'refuse any other content' },
    ...vaultOption,
    ...jsonOption,
  },
  notes: ['Links, devices, FIFOs and sockets in a directory are refused before anything is written.'],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { vault: path, json, expect } = line.options;
  const [source, name] = exactWords(page, line, 'SOURCE', 'NAME');
  const result = await withVault(path, (vault) =>
    watched(json === true, (options) =>
      vault.put(name, source, {
        ...options,
        activate: line.options['no-activate'] !== true,
        ...(expect === undefined ? {} : { expect }),
      }),
    ),
  );
  if (json === true) printJson(result);
  else {
    const { reference, active, meta, shared } = result;
    const more = [
      active ? 'active' : 'not active',
      ...(shared > 0 ? [`${bytesInWords(shared)} were there already`] : []),
    ];
    print(`${reference}  ${bytesInWords(meta.size)}  sha256:${meta.sha256}  ${more.join(', ')}\n`);
  }
  return exitCodes.done;
}
