import type { Addon, TreeEntry } from '../../types/addon.js';
import { errorFromNative } from '../addon/refusal.js';
import { RoomError } from '../errors.js';
import { kindWords } from '../vault/kind-words.js';
import { mostFiles, signatureName, tagFiles, tagManifestName } from './layout.js';
import { folded } from './manifest.js';
import { problem } from './problem.js';
import { isStoredPath } from './stored-names.js';

/** What lies in a capsule. */
export interface Listing {
  /** Regular files under good names. Nothing else is ever opened. */
  readonly files: ReadonlyMap<
    string,
    { readonly size: number; readonly version: string; readonly executable: boolean }
  >;
  /** Everything else, which was named in `problems`. */
  readonly refused: ReadonlySet<string>;
  readonly problems: readonly RoomError[];
}

/** Looks at everything below a directory, without following or opening anything. */
export async function listCapsule(addon: Addon, root: string): Promise<Listing> {
  let entries: readonly TreeEntry[];
  try {
    // As many directories again.
    entries = await addon.listTree(root, 2 * mostFiles);
  } catch (error) {
    throw notListed(errorFromNative(error));
  }
  return readListing(entries);
}

/** Pure. */
export function readListing(entries: readonly TreeEntry[]): Listing {
  const tags = new Set<string>([...Object.values(tagFiles), tagManifestName, signatureName]);
  const files = new Map<string, { size: number; version: string; executable: boolean }>();
  const refused = new Set<string>();
  const problems: RoomError[] = [];
  const seen = new Map<string, string>();
  const directories: string[] = [];
  for (const { path: bytes, kind, size, links, version, executable } of entries) {
    const path = Buffer.from(bytes).toString('utf8');
    const refuse = (fault: RoomError): void => {
      refused.add(path);
      problems.push(fault);
    };
    const twin = seen.get(folded(path));
    seen.set(folded(path), path);
    if (Buffer.compare(Buffer.from(path), bytes) !== 0)
      refuse(problem('ERR_COURIER_NAME', path, 'has a name that is no UTF-8'));
    else if (kind !== 'file' && kind !== 'directory')
      refuse(
        problem('ERR_COURIER_KIND', path, `is ${kindWords[kind]}; a capsule has files and directories only`),
      );
    else if (twin !== undefined)
      refuse(
        problem(
          'ERR_COURIER_DUPLICATE',
          path,
          `is the same name as ${JSON.stringify(twin)} where case or accents do not count`,
        ),
      );
    else if (kind === 'directory') directories.push(path);
    else if (links !== 1)
      refuse(
        problem(
          'ERR_COURIER_KIND',
          path,
          `has ${links} names (hard links), of which others may be elsewhere`,
        ),
      );
    else if (!tags.has(path) && !isStoredPath(path))
      refuse(problem('ERR_COURIER_NAME', path, 'has a name that no capsule has'));
    else files.set(path, { size, version, executable });
  }
  const filled = parentsOf([...files.keys(), ...refused]);
  for (const path of directories)
    if (!filled.has(path))
      problems.push(problem('ERR_COURIER_EXTRA', path, 'is a directory without a file of the capsule'));
  return { files, refused, problems };
}

function parentsOf(paths: readonly string[]): Set<string> {
  const parents = new Set<string>();
  for (const path of paths)
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) parents.add(path.slice(0, at));
  return parents;
}

function notListed(error: unknown): unknown {
  if (!(error instanceof RoomError) || error.step !== 'tree.size') return error;
  return new RoomError(
    'ERR_COURIER_NOT_CAPSULE',
    `it has more than ${2 * mostFiles} entries, which no capsule has`,
    { cause: error },
  );
}
