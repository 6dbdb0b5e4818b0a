import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemFailure } from './build-failure.js';
import type { Leftovers } from './leftovers.js';

/** A directory for what a build makes on its way; it goes with the leftovers. Throws ERR_ROOM_PLANK_BUILD. */
export async function makeWorkplace(
  temporary: string | null,
  step: string,
  leftovers: Leftovers,
): Promise<string> {
  const parent = resolve(temporary ?? tmpdir());
  const workplace = await mkdtemp(join(parent, 'anchor-plank-')).catch((error: unknown) => {
    throw systemFailure(error, `no temporary directory can be made in ${parent}`, {
      step,
      path: parent,
      hint: 'set TMPDIR or the option temporary to a directory that can be written to',
    });
  });
  leftovers.add(workplace);
  return workplace;
}
