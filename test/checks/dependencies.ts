import { posix } from 'node:path';
import { text } from './files.js';

/** One file that names another. Both are paths from the root of the repository. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** For each unit (a folder, or a file that stands alone) the units or single files that its files may name, besides its own. */
export type Rules = Readonly<Record<string, readonly string[]>>;

/** Relative imports and re-exports of a TypeScript file, static and dynamic, with types. */
export function importsOf(file: string): Edge[] {
  return specifiersOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({
      from: file,
      to: posix.join(posix.dirname(file), specifier).replace(/\.js$/, ''),
    }));
}

/** Every specifier of a TypeScript file. */
export function specifiersOf(file: string): string[] {
  const statements =
    /(?:^(?:import|export)\b[^'";]*?from\s*|^import\s*|\bimport\(\s*|(?<![.\w])require\(\s*)'([^']+)'/gm;
  const loads = /createRequire\([^)]*\)\(\s*'([^']+)'/g;
  const source = text(file);
  return [...source.matchAll(statements), ...source.matchAll(loads)].map((match) => match[1]!);
}

/** `#include` lines of a C++ file: with quotes from native/, with angle brackets as they are. */
export function includesOf(file: string): { readonly own: Edge[]; readonly system: string[] } {
  const source = text(file);
  return {
    own: [...source.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)].map((match) => ({
      from: file,
      to: `native/${match[1]!}`,
    })),
    system: [...source.matchAll(/^\s*#\s*include\s+<([^>]+)>/gm)].map((match) => match[1]!),
  };
}

/** `src/room/room.ts` → `room`; `src/anchor.ts` → `anchor`; with the base folder taken off. */
export function unitOf(path: string, base: string): string {
  const rest = path.slice(base.length + 1).replace(/(\.d)?\.[a-z]+$/, '');
  return rest.split('/')[0]!;
}

/** The edges that the rules do not allow, as lines for people. A rule names a unit, or one file of it as `unit/file`. */
export function violations(edges: readonly Edge[], rules: Rules, base: string): string[] {
  return edges.flatMap((edge) => {
    const from = unitOf(edge.from, base);
    const inside = edge.to.startsWith(`${base}/`);
    const to = inside ? unitOf(edge.to, base) : edge.to.split('/')[0]!;
    const allowed = rules[from];
    if (allowed === undefined) return [`${edge.from}: "${from}" has no row in the table of rules`];
    const file = inside ? edge.to.slice(base.length + 1).replace(/\.h$/, '') : edge.to;
    if (from === to || allowed.includes(to) || allowed.includes(file)) return [];
    return [`${edge.from} names ${edge.to}: ${from} may only use ${allowed.join(', ') || 'itself'}`];
  });
}
