import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { checkBuild, type PlankBuild } from './build-request.js';
import { buildPlank, type BuildOptions } from './build.js';
import type { PlankReport } from './inspect.js';
import { Leftovers } from './leftovers.js';
import { makeNixTree } from './nix-tree.js';
import { makeWorkplace } from './workplace.js';

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
  const leftovers = new Leftovers();
  try {
    signal?.throwIfAborted();
    const workplace = await makeWorkplace(temporary, 'plank.nix', leftovers);
    const tree = join(workplace, 'tree');
    await mkdir(tree);
    await makeNixTree(tree, { signal, leftovers });
    return await buildPlank({ ...build, source: tree }, options);
  } finally {
    await leftovers.clear();
  }
}
