import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Addon, TreeEntry } from '../../types/addon.js';
import { errorFromNative } from '../addon/refusal.js';
import { RoomError } from '../errors.js';
import { refusedName, shownName } from './file-names.js';
import { kindWords } from './kind-words.js';
import { attempt } from './system-error.js';

/** One file of what is to be stored. */
export interface SourceFile {
  /** Below the root, as it is opened. */
  readonly source: string;
  /** Below the content; empty for a content that is one file. */
  readonly path: string;
  readonly size: number;
  /** Bytes that it takes on its disk. */
  readonly allocated: number;
  readonly executable: boolean;
  /** What it is compared with when it is read; empty where that was not looked at. */
  readonly version: string;
}

/** What is to be stored, as it was found. */
export interface Source {
  readonly type: 'file' | 'tree';
  readonly root: string;
  readonly files: readonly SourceFile[];
  /** Directories without files, which no list of files would bring back. */
  readonly emptyDirectories: readonly string[];
}

const mostFiles = 1_000_000;
/** A message is no report. */
const mostNamed = 5;

/**
 * Looks at a file or directory that is to be stored. Links on the way to it are followed, inside of it there may be none: a vault keeps files
 * and directories, and says so of everything else before anything is written. `leftOut`: what of a directory is not looked at.
 */
export async function examineSource(
  addon: Addon,
  path: string,
  leftOut: (entry: { readonly path: string; readonly kind: TreeEntry['kind'] }) => boolean = () => false,
): Promise<Source> {
  const { real, info } = await attempt('vault.source', path, async () => {
    const real = await realpath(path);
    return { real, info: await stat(real) };
  });
  if (info.isDirectory()) return examineTree(addon, real, leftOut);
  if (!info.isFile()) throw refused(path, ['it is neither a file nor a directory']);
  const file = {
    source: basename(real),
    path: '',
    size: info.size,
    allocated: info.blocks * 512,
    executable: (info.mode & 0o111) !== 0,
    version: '',
  };
  return { type: 'file', root: dirname(real), files: [file], emptyDirectories: [] };
}

async function examineTree(
  addon: Addon,
  root: string,
  leftOut: Parameters<typeof examineSource>[2] & object,
): Promise<Source> {
  let entries: readonly TreeEntry[];
  try {
    entries = (await addon.listTree(root, mostFiles)).filter(
      ({ path, kind }) => !leftOut({ path: Buffer.from(path).toString('utf8'), kind }),
    );
  } catch (error) {
    throw errorFromNative(error);
  }
  const problems = entries.flatMap(({ path, kind }) => {
    const name = refusedName(path);
    if (name !== null) return [`${shownName(path)}: ${name}`];
    return kind === 'file' || kind === 'directory' ? [] : [`${shownName(path)} is ${kindWords[kind]}`];
  });
  if (problems.length > 0) throw refused(root, problems);
  const named = entries.map((entry) => ({ ...entry, path: Buffer.from(entry.path).toString('utf8') }));
  const files = named
    .filter(({ kind }) => kind === 'file')
    .map(({ path, size, allocated, executable, version }) => ({
      source: path,
      path,
      size,
      allocated,
      executable,
      version,
    }));
  return { type: 'tree', root, files, emptyDirectories: emptyDirectories(named) };
}

/** Of a listing that is sorted: directories that nothing follows that is in them. Pure. */
export function emptyDirectories(
  entries: readonly { readonly path: string; readonly kind: string }[],
): string[] {
  const filled = new Set(
    entries.map(({ path }) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '')),
  );
  return entries
    .filter(({ kind, path }) => kind === 'directory' && !filled.has(path))
    .map(({ path }) => path);
}

function refused(path: string, problems: readonly string[]): RoomError {
  const more = problems.length > mostNamed ? `, and ${problems.length - mostNamed} more` : '';
  return new RoomError(
    'ERR_VAULT_SOURCE',
    `cannot store ${JSON.stringify(path)}: ${problems.slice(0, mostNamed).join('; ')}${more}`,
    {
      path,
      hint: 'A vault keeps regular files and directories. Put the rest into a plank, or leave it out.',
    },
  );
}
