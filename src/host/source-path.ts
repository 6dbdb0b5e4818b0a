import { join, normalize } from 'node:path/posix';
import type { SourceFiles } from './files.js';

/** Where a path leads, and which directories its links lie in. */
export interface SourcePath {
  readonly path: string;
  /** Real paths of the directories that hold a link that was followed. */
  readonly linksIn: readonly string[];
}

/** As many as the kernel follows: path_resolution(7). */
const MOST_LINKS = 40;

/**
 * Follows the links of an absolute path one by one. Nearly all paths have none, and realpath(3) says so in one call. For the others
 * the answer is made of what was looked at here, so that no link is followed that is not in the list, whoever changes what
 * meanwhile; launching refuses any that is left in it (CloneHostTree() in native/launch/sources.cc).
 */
export async function followLinks(path: string, sources: SourceFiles): Promise<SourcePath> {
  const real = await sources.realPath(path);
  if (real === normalize(path).replace(/(?<=.)\/$/, '')) return { path: real, linksIn: [] };
  const linksIn: string[] = [];
  const names = namesOf(path);
  let at = '/';
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '..') {
      at = join(at, '..');
      continue;
    }
    const next = join(at, name);
    const to = await sources.link(next);
    if (to === null) {
      at = next;
      continue;
    }
    linksIn.push(at);
    if (linksIn.length > MOST_LINKS) {
      throw Object.assign(new Error(`ELOOP: ${path}`), { code: 'ELOOP', syscall: 'readlink' });
    }
    if (to.startsWith('/')) at = '/';
    names.unshift(...namesOf(to));
  }
  return { path: at, linksIn };
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
