import { dirname, join } from 'node:path/posix';
import type { FileFacts, HostFiles, SourceFiles } from '../../src/host/files.js';

/** A text file, or whatever else is said about a path. */
export type MadeUp =
  | string
  | (Partial<FileFacts> & { readonly text?: string; readonly linkTo?: string; readonly readOnly?: boolean });

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
    if (entry?.linkTo !== undefined) return follow(join(dirname(path), absolute(entry.linkTo)), depth + 1);
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
    const kind = entry.kind ?? 'file';
    return {
      kind,
      mode: entry.mode ?? (kind === 'directory' ? 0o755 : 0o644),
      uid: entry.uid ?? 0,
      gid: entry.gid ?? 0,
      dev: entry.dev ?? '1',
      version: entry.version ?? `${real}:${entry.text ?? ''}`,
      device: entry.device ?? '0:0',
    };
  };
  return {
    tree: live,
    read: (path) => {
      const real = follow(path);
      return real === null ? null : (describe(real)?.text ?? null);
    },
    stat,
    version: (path) => stat(path)?.version ?? null,
    link: (path) => describe(path)?.linkTo ?? null,
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
    link: async (path) => files.link(path),
    realPath: async (path) => files.realPath(path) ?? fail(path),
    stat: async (path) => files.stat(path) ?? fail(path),
  };
}
