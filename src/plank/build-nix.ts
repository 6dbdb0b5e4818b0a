import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemFailure } from './build-failure.js';
import { checkBuild, type PlankBuild } from './build-request.js';
import { buildPlank, type BuildOptions } from './build.js';
import type { PlankReport } from './inspect.js';
import { Leftovers } from './leftovers.js';
import { makeNixTree } from './nix-tree.js';

/** A plank with Nix in it: as any other, but for its source. */
export type NixPlankBuild = Omit<PlankBuild, 'source'>;

/**
 * Builds a plank in which Nix runs, with bash and busybox and nothing else, from the packages nix-bin, bash and busybox-static of this
 * machine. The same versions give the same bytes. Some 32 MB; for rooms with `nix` in their spec.
 *
 * @throws as `buildPlank`; ERR_ROOM_PLANK_BUILD names a package that is missing.
 */
export async function buildNixPlank(build: NixPlankBuild, options: BuildOptions = {}): Promise<PlankReport> {
  const { temporary } = checkBuild({ ...build, source: '/' });
  const { signal } = options;
  const parent = resolve(temporary ?? tmpdir());
  const leftovers = new Leftovers();
  try {
    signal?.throwIfAborted();
    const workplace = await mkdtemp(join(parent, 'anchor-plank-')).catch((error: unknown) => {
      throw systemFailure(error, `no temporary directory can be made in ${parent}`, {
        step: 'plank.nix',
        path: parent,
        hint: 'set TMPDIR or the option temporary to a directory that can be written to',
      });
    });
    leftovers.add(workplace);
    const tree = join(workplace, 'tree');
    await mkdir(tree);
    await makeNixTree(tree, { signal, leftovers });
    return await buildPlank({ ...build, source: tree }, options);
  } finally {
    await leftovers.clear();
  }
}
