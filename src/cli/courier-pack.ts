import {
  packCapsule,
  type CapsuleRequest,
  type CapsuleSource,
  type PackedCapsule,
  type Vault,
} from '../index.js';
import { commandOf } from './command.js';
import { UsageError } from './command-error.js';
import { onlyWord, type CommandLine, type CommandPage, type OptionValues } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { readJson } from './json-file.js';
import { print, printJson } from './output.js';
import { readPair } from './pairs.js';
import { textTable } from './text-table.js';
import { bytesInWords } from './units.js';
import { jsonOption, vaultOption, watched, withVault } from './vault-option.js';

export const page = {
  name: 'anchor courier pack',
  usage: ['[options] --room SPEC --plank SOURCE NAME.capsule'],
  about: [
    'Packs a room with what it needs into the directory NAME.capsule, a BagIt 1.0 bag. It is there when all of it is on the disk and ' +
      'was read back from there, or not at all.',
    'SOURCE is a path, or vault:KIND/NAME[@GENERATION] for what a vault has.',
  ],
  options: {
    room: { value: 'SPEC', help: 'the spec of the room, a JSON file; - is standard input' },
    plank: { value: 'SOURCE', help: 'the image of the room' },
    weights: {
      value: 'NAME=SOURCE',
      many: true,
      help: 'a file or directory that the room loads; repeatable',
    },
    flake: { value: 'SOURCE', help: 'directory with flake.nix and flake.lock' },
    receipt: { value: 'FILE', help: 'JSON of the receipt that a replay is compared with' },
    'cpu-flag': {
      value: 'FLAG',
      many: true,
      help: 'what a processor has to have, as in /proc/cpuinfo; repeatable',
    },
    split: {
      value: 'SIZE',
      help: 'store larger files in parts of this size; fat32: those of 4 GiB and more, in parts of 1 GiB (default on FAT)',
    },
    sign: { value: 'KEY', help: 'sign with this SSH key' },
    ...vaultOption,
    ...jsonOption,
  },
  notes: [
    'With --vault, or a SOURCE in one, the packing is recorded in its audit log, and the head of that goes along.',
    'Example:',
    '  anchor courier pack --room room.json --plank a.sqsh --weights m.gguf=out/m.gguf tiny.capsule',
  ],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { json, vault: path, plank, flake, weights = [] } = line.options;
  const output = onlyWord(page, line, 'NAME.capsule');
  const request = requestOf(output, line.options);
  const pack = (vault?: Vault): Promise<PackedCapsule> =>
    watched(json === true, (options) =>
      packCapsule({ ...request, ...(vault === undefined ? {} : { vault }) }, options),
    );
  const inVault = [plank, flake, ...weights.map((text) => text.slice(text.indexOf('=') + 1))].some(
    (source) => source?.startsWith(vaultPrefix) === true,
  );
  const packed = await (path === undefined && !inVault ? pack() : withVault(path, pack));
  if (json === true) printJson(packed);
  else print(packedText(packed));
  return exitCodes.done;
}

const vaultPrefix = 'vault:';

function requestOf(
  output: string,
  options: OptionValues<typeof page.options>,
): Omit<CapsuleRequest, 'vault'> {
  const { room, plank, weights = [], flake, receipt, 'cpu-flag': cpuFlags, split, sign } = options;
  const hint = `usage: ${page.name} ${page.usage[0]}`;
  if (room === undefined) throw new UsageError('--room SPEC is missing', hint);
  if (plank === undefined) throw new UsageError('--plank SOURCE is missing', hint);
  const named = weights.map((text) => readPair(text, '--weights', 'NAME=SOURCE'));
  const twice = named.find(([name], i) => named.findIndex(([other]) => other === name) !== i);
  if (twice !== undefined) throw new UsageError(`--weights: ${twice[0]} is there twice`);
  return {
    output,
    // What is in them is for the library to check.
    room: readJson(room, '--room') as CapsuleRequest['room'],
    plank: sourceOf(plank),
    weights: Object.fromEntries(named.map(([name, source]) => [name, sourceOf(source)])),
    ...(flake === undefined ? {} : { flake: sourceOf(flake) }),
    ...(receipt === undefined
      ? {}
      : { expected: readJson(receipt, '--receipt') as NonNullable<CapsuleRequest['expected']> }),
    ...(cpuFlags === undefined ? {} : { cpuFlags }),
    ...(split === undefined ? {} : { split }),
    ...(sign === undefined ? {} : { sign }),
  };
}

function sourceOf(text: string): CapsuleSource {
  return text.startsWith(vaultPrefix) ? { vault: text.slice(vaultPrefix.length) } : text;
}

/** Pure. */
export function packedText({ path, id, files, bytes, split, signed }: PackedCapsule): string {
  return textTable([
    ['path', path],
    ['id', id],
    [
      'payload',
      `${bytesInWords(bytes)} in ${files} files${split === 0 ? '' : `, ${split} of them in parts`}`,
    ],
    ['signed', signed ? 'yes' : 'no'],
  ]);
}
