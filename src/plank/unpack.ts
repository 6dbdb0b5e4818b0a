import { chmod, lstat, mkdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { buildFailure, toolFailure } from './build-failure.js';
import type { Leftovers } from './leftovers.js';
import { TarSieve } from './tar-sieve.js';
import { isBrokenPipe, openTar, pumpTar } from './tar-stream.js';
import { requireTool, runTool } from './tool.js';

/** What unpacking needs besides the stream. */
export interface Unpacking {
  /** The directory to make. Its parent is private to this user, so nobody can put links in the way. */
  readonly tree: string;
  readonly signal: AbortSignal | undefined;
  readonly leftovers: Leftovers;
}

/**
 * GNU tar, told to take nothing from the archive that a plank does not keep. Its own rules stay on: no absolute names, no
 * `..`, and symbolic links that lead outside are made last, so that no member is written through one.
 */
const tarArguments = [
  '--extract',
  '--file=-',
  '--no-same-owner',
  '--same-permissions',
  '--delay-directory-restore',
  '--touch',
  '--no-acls',
  '--no-selinux',
  '--no-xattrs',
  '--numeric-owner',
];

/**
 * Unpacks a tar, wrapped or not, into a new directory of mode 0755. Destroys the stream when it stops early.
 *
 * @throws RoomError ERR_ROOM_PLANK_BUILD; SpecTypeError for a stream of other things than bytes; the reason of the signal.
 */
export async function unpackTar(source: Readable, unpacking: Unpacking): Promise<void> {
  const { tree, signal } = unpacking;
  signal?.throwIfAborted();
  // A stream that has nothing to give for now must not keep an abort waiting.
  const stop = () => source.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const directories = await extract(source, unpacking);
    // The archive's own root entry and this process's umask must not show in the plank.
    await chmod(tree, 0o755);
    for (const directory of directories) await settleMode(tree, directory);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Returns the directories that no member declared. */
async function extract(source: Readable, { tree, signal, leftovers }: Unpacking): Promise<readonly string[]> {
  const path = await requireTool('tar');
  const tar = await openTar(source);
  await mkdir(tree, { mode: 0o755 });

  const sieve = new TarSieve();
  const tarEnded = new Error('tar has ended before its input');
  let feeding: Promise<void> = Promise.resolve();
  const run = runTool({
    path,
    args: [...tarArguments, `--directory=${tree}`],
    signal,
    leftovers,
    onInput: (stdin) => {
      feeding = pumpTar(tar, [sieve, stdin], { signal, leftovers }).catch((error: unknown) => {
        // What failed before it touched the pipe must not leave tar waiting for input.
        stdin.destroy();
        throw error;
      });
    },
  }).then((end) => {
    // Nobody reads any more, so a stream that pauses for long must not be waited for.
    if (!end.ok) source.destroy(tarEnded);
    return end;
  });
  const [ran, fed] = await Promise.allSettled([run, feeding]);
  // When the feed breaks, tar sees a short archive and complains as well; when tar ends first, the feed sees a broken pipe.
  const consequence = (reason: unknown) => isBrokenPipe(reason) || (reason as Error).cause === tarEnded;
  if (fed.status === 'rejected' && !consequence(fed.reason)) throw fed.reason;
  if (ran.status === 'rejected') throw ran.reason;
  if (!ran.value.ok) throw toolFailure('tar', ran.value, 'plank.unpack', tree);
  if (fed.status === 'rejected') throw fed.reason;
  return sieve.undeclaredDirectories;
}

/** A directory that tar made on the way got the mode of the umask; every machine shall give it the same. */
async function settleMode(tree: string, directory: string): Promise<void> {
  const path = join(tree, Buffer.from(directory, 'latin1').toString('utf8'));
  const real = await realpath(path).catch(() => null);
  // By now links are real: one that leads outside must not be followed.
  if (real === null || !real.startsWith((await realpath(tree)) + sep)) return;
  const stat = await lstat(real);
  if (stat.isDirectory() && (stat.mode & 0o7777) !== 0o755) await chmod(real, 0o755);
  else if (!stat.isDirectory())
    throw buildFailure(`the tar uses ${directory} as a directory and as a file`, { step: 'plank.unpack' });
}
