import type { RoomError } from '../errors.js';
import { problem } from './problem.js';

/** One line of a manifest. */
export interface ManifestEntry {
  readonly sha256: string;
  readonly path: string;
}

/** What a manifest lists, and what is wrong with it. A line with a fault is in `problems` only. */
export interface ParsedManifest {
  readonly entries: readonly ManifestEntry[];
  readonly problems: readonly RoomError[];
}

/** Enough to see what is wrong; a hostile manifest has no end of it. */
const mostProblems = 20;

/** Of CR, LF and % in a path, and of nothing else. RFC 8493, 2.1.3. */
export function encodePath(path: string): string {
  return path.replace(/[%\r\n]/g, (character) => codes[character as keyof typeof codes]);
}

const codes = { '%': '%25', '\r': '%0D', '\n': '%0A' } as const;

/** Null: there is a % in it that stands for none of these. */
export function decodePath(text: string): string | null {
  if (text.replace(/%(25|0[AaDd])/g, '').includes('%')) return null;
  return text.replace(/%(25|0[AaDd])/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

/** The text that `sha256sum -c` reads, in the order of the bytes of the paths. Pure. */
export function manifestText(entries: readonly ManifestEntry[]): string {
  return [...entries]
    .sort((left, right) => compareBytes(left.path, right.path))
    .map(({ sha256, path }) => `${sha256}  ${encodePath(path)}\n`)
    .join('');
}

/** Orders texts by their bytes in UTF-8, which UTF-16 does not. */
export function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/**
 * Reads a manifest as strictly as it is written: RFC 8493 lets others use any white space, upper case and any order, but then two texts
 * say the same and a capsule has more than one id. `paths`: what all paths begin with. Pure.
 */
export function parseManifest(bytes: Uint8Array, file: string, paths: string): ParsedManifest {
  const problems: RoomError[] = [];
  const entries: ManifestEntry[] = [];
  const text = decodeText(bytes);
  if (text === null)
    return { entries, problems: [problem('ERR_COURIER_TAG_FILE', file, 'is no UTF-8 text')] };
  if (text !== '' && !text.endsWith('\n'))
    problems.push(problem('ERR_COURIER_TAG_FILE', file, 'is cut off: its last line does not end'));
  const seen = new Map<string, string>();
  let before: string | null = null;
  for (const [index, line] of text.split('\n').slice(0, -1).entries()) {
    if (problems.length >= mostProblems) break;
    const where = `line ${index + 1}`;
    const [, sha256 = '', encoded = ''] = /^([0-9a-f]{64}) {2}(.+)$/s.exec(line) ?? [];
    const path = sha256 === '' || encoded.includes('\r') ? null : decodePath(encoded);
    if (path === null) {
      problems.push(
        problem('ERR_COURIER_TAG_FILE', file, `${where} is no SHA-256, two spaces and an encoded path`),
      );
      continue;
    }
    const fault = leadsAway(path, paths);
    if (fault !== null) {
      problems.push(problem('ERR_COURIER_PATH', path, `${fault} (${file}, ${where})`));
      continue;
    }
    const same = seen.get(folded(path));
    if (same !== undefined) {
      problems.push(
        problem(
          'ERR_COURIER_DUPLICATE',
          path,
          same === path
            ? `is listed twice in ${file}`
            : `is the same file as ${JSON.stringify(same)} where case or accents do not count`,
        ),
      );
      continue;
    }
    seen.set(folded(path), path);
    if (before !== null && compareBytes(before, path) > 0)
      problems.push(problem('ERR_COURIER_TAG_FILE', file, `${where} is out of order`));
    before = path;
    entries.push({ sha256, path });
  }
  return { entries, problems };
}

/** Null: it is no UTF-8, or begins with a byte order mark. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.startsWith('\ufeff') ? null : text;
  } catch {
    return null;
  }
}

/** Why it is no path below where it should be, or null. */
function leadsAway(path: string, below: string): string | null {
  if (path.startsWith('/')) return 'is an absolute path';
  if (path.includes('\0')) return 'has a NUL in it';
  if (path.includes('\\')) return 'has a backslash in it, which leads elsewhere on other systems';
  const names = path.split('/');
  if (names.includes('..')) return 'leads out of the capsule';
  if (names.includes('') || names.includes('.')) return 'is not normalized';
  if (!path.startsWith(below)) return `is not below ${below}`;
  return null;
}

/** The same for two names that some file system takes for one. */
export function folded(path: string): string {
  return path.normalize('NFKC').toLowerCase().normalize('NFKC');
}
