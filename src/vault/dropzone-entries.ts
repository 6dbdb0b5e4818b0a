import type { TreeEntry } from '../../types/addon.js';
import { RoomError, type ErrorCode } from '../errors.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import { readReference } from '../spec/vault-reference.js';
import { refusedName, shownName } from './file-names.js';
import { kindWords } from './kind-words.js';
import { emptyDirectories, type Source } from './source.js';

/** Of a whole dropzone. */
export const mostEntries = 100_000;

/** Directories in each other, the one at the top included. */
const deepest = 64;

/** A message is no report. */
const mostNamed = 5;

/** Something at the top of a dropzone that can be kept, but for its root. */
export interface DropEntry {
  readonly name: string;
  readonly source: Omit<Source, 'root'>;
}

export interface Refused {
  /** As JSON has it: what is no printable text is escaped. Empty: all of the dropzone. */
  readonly entry: string;
  readonly code: ErrorCode;
  readonly why: string;
}

/** What an error says of something that is not kept. */
export function refusalOf(entry: string, error: unknown): Refused {
  if (error instanceof RoomError) return { entry, code: error.code, why: error.message };
  return { entry, code: 'ERR_VAULT_IO', why: error instanceof Error ? error.message : String(error) };
}

/**
 * Which of what a room left can be kept, by the listing of all of it, sorted. What has one bad thing in it is refused as a whole: without that it would be something
 * else. Pure.
 */
export function sortOut(
  listing: readonly TreeEntry[],
  kind: VaultKind,
  bytes: number,
): { readonly entries: readonly DropEntry[]; readonly refused: readonly Refused[] } {
  const tops = new Map<string, TreeEntry[]>();
  for (const found of listing) {
    // As bytes: two names that are no text must not become one.
    const top = Buffer.from(found.path).toString('latin1').split('/', 1)[0] ?? '';
    const there = tops.get(top);
    if (there === undefined) tops.set(top, [found]);
    else there.push(found);
  }
  const entries: DropEntry[] = [];
  const refused: Refused[] = [];
  for (const [top, found] of tops) {
    const problems = problemsOf(top, found, kind, bytes);
    if (problems.length === 0) entries.push(entryOf(top, found));
    else
      refused.push({
        entry: shownName(Buffer.from(top, 'latin1')),
        code: 'ERR_VAULT_SOURCE',
        why: inWords(problems),
      });
  }
  return { entries, refused };
}

function problemsOf(
  top: string,
  found: readonly TreeEntry[],
  kind: VaultKind,
  bytes: number,
): readonly string[] {
  if (readReference(`${kind}/${top}`)?.name !== top)
    return ['a vault has no such names (1 to 64 of a-z 0-9 . _ -)'];
  const problems = found.flatMap((entry) => {
    const problem = problemOf(entry);
    return problem === null ? [] : [`${shownName(entry.path)} ${problem}`];
  });
  // A file with holes may claim to be larger than anything that can be read in a lifetime.
  const size = found.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
  return size > bytes
    ? [...problems, `its files say that they have ${size} bytes, more than there is room for`]
    : problems;
}

function problemOf({ path, kind, links }: TreeEntry): string | null {
  const name = refusedName(path);
  if (name !== null) return `cannot be kept: ${name}`;
  if (kind !== 'file' && kind !== 'directory') return `is ${kindWords[kind]}`;
  if (kind === 'file' && links > 1) return 'has a second name (a hard link)';
  return Buffer.from(path).toString('latin1').split('/').length > deepest ? 'is too deep' : null;
}

function entryOf(name: string, found: readonly TreeEntry[]): DropEntry {
  const [first] = found;
  const type = first?.kind === 'directory' ? 'tree' : 'file';
  // Below the entry: of a file its own path is empty.
  const below = found.map((entry) => {
    const source = Buffer.from(entry.path).toString('utf8');
    return { ...entry, source, path: source.slice(name.length + 1) };
  });
  const files = below
    .filter(({ kind }) => kind === 'file')
    .map(({ source, path, size, allocated, executable, version }) => ({
      source,
      path,
      size,
      allocated,
      executable,
      version,
    }));
  const inside = below.filter(({ path }) => path !== '');
  return { name, source: { type, files, emptyDirectories: emptyDirectories(inside) } };
}

function inWords(problems: readonly string[]): string {
  const more = problems.length > mostNamed ? `, and ${problems.length - mostNamed} more` : '';
  return `${problems.slice(0, mostNamed).join('; ')}${more}`;
}
