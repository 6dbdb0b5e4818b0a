import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFailure, toolFailure } from './build-failure.js';
import type { CheckedBuild } from './build-request.js';
import type { Leftovers } from './leftovers.js';
import type { ProgressMeter } from './progress.js';
import { requireTool, runTool } from './tool.js';

/** What a packer needs besides the build. */
export interface Packing {
  /** Absolute path of the directory that becomes the root of the image. */
  readonly tree: string;
  /** Absolute path of the file to write. */
  readonly image: string;
  readonly signal: AbortSignal | undefined;
  readonly meter: ProgressMeter;
  readonly leftovers: Leftovers;
}

/** Any fixed UUID: a random one would make every image of the same tree another one. */
const erofsUuid = '5a6e0000-0000-4000-8000-000000000000';

/**
 * The command line of mksquashfs: the same tree gives the same bytes, whatever its times, owners, hard links and the number
 * of processors. Device nodes and sockets are left out (who may make device nodes depends on who unpacked the tree; a room
 * has its own /dev).
 */
export function mksquashfsArguments(build: CheckedBuild, tree: string, image: string): string[] {
  return [
    tree,
    image,
    '-noappend',
    '-no-recovery',
    // Without it an unreadable file becomes an empty one, and the exit status is 0.
    '-exit-on-error',
    '-quiet',
    '-progress',
    ...squashfsCompressor(build),
    ...['-all-time', '1', '-mkfs-time', '1', '-root-time', '1', '-root-mode', '0755'],
    '-all-root',
    '-no-xattrs',
    // Link counts differ between copies of a tree. Contents are stored once all the same.
    '-no-hardlinks',
    ...['-action', 'exclude @ type(b) || type(c) || type(s)'],
    ...(build.processors === null ? [] : ['-processors', String(build.processors)]),
  ];
}

function squashfsCompressor({ compression, level }: CheckedBuild): string[] {
  if (compression === 'none') return ['-comp', 'gzip', '-noI', '-noD', '-noF', '-noX'];
  if (compression === 'lz4') return ['-comp', 'lz4'];
  if (compression === 'lz4hc') return ['-comp', 'lz4', '-Xhc'];
  return ['-comp', compression, '-Xcompression-level', String(level)];
}

/**
 * The command line of mkfs.erofs. Unlike mksquashfs it keeps hard links as links and the mode of `tree` itself.
 * `excluded`: paths relative to `tree`.
 */
export function mkfsErofsArguments(
  { compression, level }: CheckedBuild,
  tree: string,
  image: string,
  excluded: readonly string[],
): string[] {
  return [
    ...['--quiet', '-T1', '-U', erofsUuid, '-x-1', '--all-root'],
    ...(compression === 'none' ? [] : [`-z${compression}${level === null ? '' : `,${level}`}`]),
    ...excluded.map((path) => `--exclude-path=${path}`),
    image,
    tree,
  ];
}

/**
 * Packs a directory into an image.
 *
 * @throws RoomError ERR_ROOM_PLANK_BUILD; the reason of the signal.
 */
export async function pack(build: CheckedBuild, packing: Packing): Promise<void> {
  const { tree, image, signal, meter, leftovers } = packing;
  const squashfs = build.format === 'squashfs';
  const tool = squashfs ? 'mksquashfs' : 'mkfs.erofs';
  const path = await requireTool(tool);
  meter.begin('pack', squashfs);
  const args = squashfs
    ? mksquashfsArguments(build, tree, image)
    : mkfsErofsArguments(build, tree, image, await specialFiles(tree));
  const onOutput = percentReader((percent) => meter.advance(percent / 100));
  const end = await runTool({ path, args, signal, leftovers, ...(squashfs ? { onOutput } : {}) });
  if (!end.ok) throw toolFailure(tool, end, 'plank.pack', tree);
  meter.end();
}

/** Finds the percentages in the bar that mksquashfs draws (`\r[===/  ] 12/300  4%`), however it is cut into pieces. */
export function percentReader(onPercent: (percent: number) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    rest += text;
    let end = 0;
    let last: number | null = null;
    for (const match of rest.matchAll(/(\d{1,3})%/g)) {
      last = Number(match[1]);
      end = match.index + match[0].length;
    }
    rest = rest.slice(Math.max(end, rest.length - 8));
    if (last !== null) onPercent(last);
  };
}

/** Device nodes and sockets below a directory, as relative paths. mkfs.erofs cannot leave out files by their type. */
async function specialFiles(root: string, below = ''): Promise<string[]> {
  const found: string[] = [];
  const directory = join(root, below);
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw systemFailure(error, `cannot read ${directory}`, { step: 'plank.pack', path: directory });
  });
  for (const entry of entries) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) found.push(...(await specialFiles(root, path)));
    else if (entry.isBlockDevice() || entry.isCharacterDevice() || entry.isSocket()) found.push(path);
  }
  return found;
}
