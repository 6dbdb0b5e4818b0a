import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, realpath, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { buildFailure, systemFailure } from './build-failure.js';
import { checkBuild, type CheckedBuild, type PlankBuild } from './build-request.js';
import { readPlankHeader } from './header.js';
import { inspectPlank, type PlankReport } from './inspect.js';
import { Leftovers } from './leftovers.js';
import { pack } from './pack.js';
import { ProgressMeter, type PlankProgress } from './progress.js';
import { requireTool } from './tool.js';
import { unpackTar } from './unpack.js';
import { makeWorkplace } from './workplace.js';

/** How a build can be watched and stopped. */
export interface BuildOptions {
  readonly onProgress?: (progress: PlankProgress) => void;
  readonly signal?: AbortSignal;
}

type Source =
  | { readonly kind: 'directory'; readonly path: string }
  /** `bytes`: size of the file, null for a stream. */
  | { readonly kind: 'tar'; readonly open: () => Readable; readonly bytes: number | null };

/**
 * Builds a plank. The same tree gives the same bytes with the same tools, from a directory or a tar, whatever the order of
 * members, times, owners, hard links (squashfs) and the number of processors. The output is there as a whole or not at all,
 * also after a crash of the machine; temporary files go on every path but SIGKILL.
 *
 * @returns what `inspectPlank` says about the new plank.
 * @throws SpecTypeError, SpecRangeError for a wrong request; RoomError ERR_ROOM_PLANK_BUILD when a program is missing or
 * fails, the disk is full, a file cannot be read, the source or the directory of the output is missing, or the output lies
 * inside the source; the reason of the signal.
 */
export async function buildPlank(build: PlankBuild, options: BuildOptions = {}): Promise<PlankReport> {
  const checked = checkBuild(build);
  const { signal } = options;
  const meter = new ProgressMeter(options.onProgress);
  const leftovers = new Leftovers();
  try {
    signal?.throwIfAborted();
    // Before anything that takes long: a missing program is known at once.
    await requireTool(checked.format === 'squashfs' ? 'mksquashfs' : 'mkfs.erofs');
    const output = await locateOutput(checked.output);
    const source = await locateSource(checked.source);
    if (source.kind === 'directory') refuseInside(source.path, output);

    const tree =
      source.kind === 'directory' ? source.path : await unpack(checked, source, { meter, leftovers, signal });
    const partial = join(dirname(output), `.anchor-plank-${randomBytes(6).toString('hex')}.partial`);
    leftovers.add(partial);
    await pack(checked, { tree, image: partial, signal, meter, leftovers });
    await readPlankHeader(partial);
    signal?.throwIfAborted();

    meter.begin('sync', false);
    await publish(partial, output);
    leftovers.keep(partial);
    meter.end();

    meter.begin('digest', true);
    const report = await inspectPlank(output, { onProgress: (fraction) => meter.advance(fraction) });
    meter.end();
    return { ...report, path: checked.output };
  } finally {
    if (typeof checked.source !== 'string' && !checked.source.readableEnded) checked.source.destroy();
    await leftovers.clear();
  }
}

async function unpack(
  { temporary }: CheckedBuild,
  source: Source & { kind: 'tar' },
  context: { meter: ProgressMeter; leftovers: Leftovers; signal: AbortSignal | undefined },
): Promise<string> {
  const { meter, leftovers, signal } = context;
  const workplace = await makeWorkplace(temporary, 'plank.unpack', leftovers);
  const tree = join(workplace, 'tree');
  meter.begin('unpack', source.bytes !== null);
  await unpackTar(counted(source, meter), { tree, signal, leftovers });
  meter.end();
  return tree;
}

/** The stream of a tar, with progress by the bytes read of the file. */
function counted({ open: openSource, bytes }: Source & { kind: 'tar' }, meter: ProgressMeter): Readable {
  const stream = openSource();
  if (bytes === null) return stream;
  let read = 0;
  const counter = new PassThrough();
  stream.on('data', (piece: Buffer) => {
    read += piece.length;
    meter.advance(read / Math.max(bytes, 1));
  });
  pipeline(stream, counter, () => undefined);
  return counter;
}

async function locateSource(source: string | Readable): Promise<Source> {
  if (typeof source !== 'string') return { kind: 'tar', open: () => source, bytes: null };
  try {
    const found = await stat(source);
    // Without links, so that it can be compared with the output. A pipe in /dev/fd has no such path.
    if (found.isDirectory()) return { kind: 'directory', path: await realpath(source) };
    return { kind: 'tar', open: () => createReadStream(source), bytes: found.isFile() ? found.size : null };
  } catch (error) {
    throw systemFailure(error, `the source ${source} cannot be used`, {
      step: 'plank.source',
      path: source,
      hint: 'the source is a directory or a tar file',
    });
  }
}

/** Absolute, in a directory without links in its path. */
async function locateOutput(output: string): Promise<string> {
  const wanted = resolve(output);
  const directory = await realpath(dirname(wanted)).catch((error: unknown) => {
    throw systemFailure(error, `the directory of the output ${output} cannot be used`, {
      step: 'plank.output',
      path: dirname(wanted),
      hint: `mkdir -p ${dirname(wanted)}`,
    });
  });
  const found = await stat(wanted).catch(() => null);
  if (found && !found.isFile())
    throw buildFailure(`the output ${output} exists and is not a file`, {
      step: 'plank.output',
      path: wanted,
    });
  return join(directory, basename(wanted));
}

/** The half-written image would become a part of itself. */
function refuseInside(source: string, output: string): void {
  const prefix = source.endsWith(sep) ? source : source + sep;
  if (!output.startsWith(prefix)) return;
  throw buildFailure(`the output ${output} lies inside the source ${source}`, {
    step: 'plank.output',
    path: output,
    hint: 'put the plank outside of the directory it is made from',
  });
}

/** Data first, then the name, then the directory that holds the name: after a power failure the old or the new plank is there. */
async function publish(partial: string, output: string): Promise<void> {
  try {
    await sync(partial);
    await rename(partial, output);
    await sync(dirname(output));
  } catch (error) {
    throw systemFailure(error, `the plank cannot be put at ${output}`, {
      step: 'plank.publish',
      path: output,
    });
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
