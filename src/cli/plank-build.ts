import {
  buildNixPlank,
  buildPlank,
  type NixPlankBuild,
  type BuildOptions,
  type PlankBuild,
  type PlankProgress,
  type PlankReport,
} from '../index.js';
import { commandOf } from './command.js';
import {
  countOf,
  exactNoWords,
  onlyWord,
  type CommandLine,
  type CommandPage,
  type OptionValues,
} from './command-line.js';
import { exitCodes } from './exit-code.js';
import { interruptible } from './interruptible.js';
import { print, printJson } from './output.js';
import { plankText } from './plank-text.js';
import { ProgressLine } from './progress-line.js';
import { UsageError } from './command-error.js';

export const page = {
  name: 'anchor plank build',
  usage: ['[options] SOURCE -o OUTPUT', '[options] --nix -o OUTPUT'],
  about: [
    'SOURCE is a directory, a tar file (plain, gzip, zstd or xz), or - for a tar on standard input. The same tree gives ' +
      'the same bytes. OUTPUT is there as a whole or not at all.',
    'With --nix there is no SOURCE: the plank has Nix, bash and busybox, from the packages of this machine, for rooms that build.',
  ],
  options: {
    output: { short: 'o', value: 'FILE', help: 'the plank; one that is there is replaced' },
    nix: { help: 'a plank in which Nix runs' },
    format: { value: 'FORMAT', help: 'squashfs (default) or erofs' },
    compression: {
      value: 'NAME',
      help: 'squashfs: zstd (default), gzip, lz4, lz4hc, none; erofs: none (default), lz4, lz4hc',
    },
    level: { value: 'NUMBER', help: 'zstd 1 to 22, gzip 1 to 9, lz4hc of erofs 1 to 12; default 9' },
    processors: {
      value: 'NUMBER',
      help: 'threads of mksquashfs (default: all); the bytes do not depend on it',
    },
    temporary: { value: 'PATH', help: 'where a tar is unpacked (default: TMPDIR)' },
    json: { help: 'print the result as JSON, and no progress' },
  },
  notes: [
    'Examples:',
    '  anchor plank build rootfs/ -o tools.sqsh',
    '  anchor plank build --nix -o nix.sqsh',
    '  docker export NAME | anchor plank build - -o tools.sqsh',
  ],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

async function run(line: CommandLine<typeof page.options>): Promise<number> {
  const { options } = line;
  const start = options.nix === true ? startNix(line) : startPlain(line);
  const progress = new ProgressLine(process.stderr, options.json !== true);
  try {
    const report = await interruptible((signal) =>
      start({ signal, onProgress: (state) => progress.show(inWords(state)) }),
    );
    progress.clear();
    if (options.json === true) printJson(report);
    else print(plankText(report));
    return exitCodes.done;
  } finally {
    progress.clear();
  }
}

type Line = CommandLine<typeof page.options>;
type Start = (options: BuildOptions) => Promise<PlankReport>;

function startNix(line: Line): Start {
  exactNoWords(page, line);
  const build = buildOf(line.options, page.usage[1]);
  return (options) => buildNixPlank(build, options);
}

function startPlain(line: Line): Start {
  const source = onlyWord(page, line, 'SOURCE');
  const build = buildOf(line.options, page.usage[0]);
  if (source === '-' && process.stdin.isTTY) {
    throw new UsageError(
      'standard input is a terminal, and SOURCE is -',
      'tar c DIRECTORY | anchor plank build - -o OUTPUT',
    );
  }
  return (options) => buildPlank({ ...build, source: source === '-' ? process.stdin : source }, options);
}

function buildOf(values: OptionValues<typeof page.options>, usage: string): NixPlankBuild {
  const { output, format, compression, level, processors, temporary } = values;
  if (output === undefined) throw new UsageError('-o OUTPUT is missing', `usage: ${page.name} ${usage}`);
  return {
    output,
    // Names are for the library to check.
    ...(format === undefined ? {} : { format: format as NonNullable<PlankBuild['format']> }),
    ...(compression === undefined
      ? {}
      : { compression: compression as NonNullable<PlankBuild['compression']> }),
    ...(level === undefined ? {} : { level: countOf(level, '--level', 1, 22) }),
    ...(processors === undefined ? {} : { processors: countOf(processors, '--processors', 1, 1024) }),
    ...(temporary === undefined ? {} : { temporary }),
  };
}

const doing: Readonly<Record<PlankProgress['phase'], string>> = {
  unpack: 'unpacking the tar',
  pack: 'packing',
  sync: 'writing to disk',
  digest: 'computing the digest',
};

function inWords({ phase, percent }: PlankProgress): string {
  return percent === null ? `${doing[phase]} …` : `${doing[phase]} ${percent} %`;
}
