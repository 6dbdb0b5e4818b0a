import { dirname, join } from 'node:path/posix';
import type { FileFacts, HostFiles, SourceFiles } from '../../src/host/files.js';

/** A text file, or whatever else is said about a path. */
export type MadeUp =
  | string
  | (Partial<FileFacts> & { readonly text?: string; readonly link?: string; readonly readOnly?: boolean });

/** A host that exists only in a test: path → content. Directories above a path come by themselves. */
export function madeUpFiles(
  tree: Readonly<Record<string, MadeUp>>,
): HostFiles & { tree: Record<string, MadeUp> } {
  const live: Record<string, MadeUp> = { ...tree };
  const describe = (path: string): Exclude<MadeUp, string> | null => {
    const entry = live[path];
    if (typeof entry === 'string') return { kind: 'file', text: entry };
    if (entry !== undefined) return entry;
    return Object.keys(live).some((other) => other.startsWith(path === '/' ? '/' : `${path}/`))
      ? { kind: 'directory' }
      : null;
  };
  const follow = (path: string, depth = 0): string | null => {
    if (depth > 40) return null;
    const entry = describe(path);
    if (entry?.link !== undefined) return follow(join(dirname(path), absolute(entry.link)), depth + 1);
    if (entry !== null) return path;
    // A link further up.
    const parent = dirname(path);
    if (parent === path) return null;
    const real = follow(parent, depth + 1);
    return real === null || real === parent ? null : follow(join(real, path.slice(parent.length)), depth + 1);
  };
  // path.join would put an absolute target below the directory of the link.
  const absolute = (target: string): string =>
    target.startsWith('/') ? `${'../'.repeat(40)}${target}` : target;
  const stat = (path: string): FileFacts | null => {
    const real = follow(path);
    const entry = real === null ? null : describe(real);
    if (entry === null) return null;
    const { text, link, readOnly, ...facts } = entry;
    const kind = facts.kind ?? 'file';
    return {
      kind,
      mode: kind === 'directory' ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      dev: '1',
      version: `${real}:${text ?? ''}`,
      device: '0:0',
      ...facts,
    };
  };
  return {
    tree: live,
    read: (path) => {
      const real = follow(path);
      return real === null ? null : (describe(real)?.text ?? null);
    },
    stat,
    link: (path) => describe(path)?.link ?? null,
    list: (path) => {
      if (describe(path) === null) return null;
      const below = Object.keys(live).filter((other) => other.startsWith(`${path}/`));
      return [...new Set(below.map((other) => other.slice(path.length + 1).split('/')[0] ?? ''))].sort();
    },
    realPath: follow,
    writable: (path) => stat(path) !== null && describe(path)?.readOnly !== true,
  };
}

/** The same host for paths of the user. */
export function madeUpSources(files: HostFiles): SourceFiles {
  const fail = (path: string): never => {
    throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT', errno: -2, syscall: 'realpath' });
  };
  return {
    realPath: async (path) => files.realPath(path) ?? fail(path),
    stat: async (path) => files.stat(path) ?? fail(path),
  };
}
