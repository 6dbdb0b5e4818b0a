import { RoomError } from '../errors.js';

/** The file beside flake.nix. */
export const lockName = 'flake.lock';

/** An input of a flake, or of an input, and what it is pinned to. */
export interface FlakeInput {
  /** `nixpkgs`, or `other/nixpkgs` for one of an input. */
  readonly name: string;
  /** `github`, `git`, `path`, `tarball` and what else Nix has. */
  readonly type: string;
  /** Where it comes from, e.g. `github:NixOS/nixpkgs` or `path:/srv/tools`. */
  readonly from: string;
  /** Of those that have one. */
  readonly rev: string | null;
  /** Hash of the content, `sha256-…`. */
  readonly narHash: string;
}

interface Node {
  locked?: Record<string, unknown>;
  original?: Record<string, unknown>;
  inputs?: Record<string, string | readonly string[]>;
}

/** A parsed flake.lock. */
export interface LockFile {
  readonly nodes: Record<string, Node>;
  readonly root: string;
  readonly version: number;
}

/** Types that name a history: without a revision they are whatever is there today. */
const withRevision = new Set(['git', 'github', 'gitlab', 'sourcehut', 'mercurial', 'hg']);

/** Throws ERR_FLAKE_LOCK. Pure. */
export function parseLock(text: string, path: string): LockFile {
  const damaged = (why: string, cause?: unknown): RoomError =>
    new RoomError('ERR_FLAKE_LOCK', `${lockName} is damaged: ${why}`, {
      step: 'flake.lock',
      path,
      hint: 'take it from where the flake came from, or make it again: anchor flake lock',
      cause,
    });
  let value: Partial<LockFile> | null;
  try {
    value = JSON.parse(text) as Partial<LockFile> | null;
  } catch (error) {
    throw damaged((error as Error).message, error);
  }
  if (typeof value !== 'object' || value === null) throw damaged('it is no object');
  const { nodes, root, version } = value;
  if (version !== 7) throw damaged(`its version is ${String(version)}, and 7 is known`);
  if (typeof nodes !== 'object' || typeof root !== 'string' || !Object.hasOwn(nodes, root))
    throw damaged('it has no root');
  for (const [key, node] of Object.entries(nodes as Record<string, unknown>))
    if (typeof node !== 'object' || node === null) throw damaged(`node ${JSON.stringify(key)} is no object`);
  return { nodes, root, version };
}

/** Every node but the root, by the way that leads to it. Throws ERR_FLAKE_UNPINNED, ERR_FLAKE_LOCK. Pure. */
export function pinnedInputs(lock: LockFile, path: string): readonly FlakeInput[] {
  const found = new Map<string, FlakeInput>();
  const walk = (key: string, way: string): void => {
    for (const [name, target] of Object.entries(lock.nodes[key]?.inputs ?? {})) {
      // An array is a way from the root to a node that is visited as itself: `follows`.
      if (typeof target !== 'string' || found.has(target)) continue;
      const node = Object.hasOwn(lock.nodes, target) ? lock.nodes[target] : undefined;
      const full = way === '' ? name : `${way}/${name}`;
      if (node === undefined)
        throw new RoomError('ERR_FLAKE_LOCK', `${lockName} has no node for the input ${full}`, {
          step: 'flake.lock',
          path,
          hint: 'anchor flake lock',
        });
      found.set(target, pinned(node, full, path));
      walk(target, full);
    }
  };
  walk(lock.root, '');
  return [...found.values()];
}

function pinned({ locked = {} }: Node, name: string, path: string): FlakeInput {
  const { type, narHash, rev } = locked;
  const unpinned = (what: string): RoomError =>
    new RoomError('ERR_FLAKE_UNPINNED', `the input ${name} has no ${what} in ${lockName}`, {
      step: 'flake.lock',
      path,
      hint: `anchor flake lock --update ${name.split('/')[0] ?? name}`,
    });
  if (typeof type !== 'string') throw unpinned('source');
  if (typeof narHash !== 'string' || !/^sha256-[A-Za-z0-9+/]{43}=$/.test(narHash))
    throw unpinned('hash of its content');
  const exact = typeof rev === 'string' && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(rev) ? rev : null;
  if (withRevision.has(type) && exact === null) throw unpinned('exact revision');
  return { name, type, from: sourceOf(type, locked), rev: exact, narHash };
}

function sourceOf(type: string, { owner, repo, url, path }: Record<string, unknown>): string {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  if (text(owner) !== '') return `${type}:${text(owner)}/${text(repo)}`;
  return text(url) === '' ? `${type}:${text(path)}` : text(url);
}

/**
 * The text as it is stored. Path inputs lose their time of change: without it Nix compares their content only, and a `touch` or a
 * copy is no other input. Those of git keep it, or no cache could give them. Pure.
 */
export function lockText(lock: LockFile): string {
  const nodes = Object.fromEntries(
    Object.entries(lock.nodes).map(([key, node]) => {
      if (node.locked?.['type'] !== 'path') return [key, node];
      const locked = Object.fromEntries(
        Object.entries(node.locked).filter(([name]) => name !== 'lastModified'),
      );
      return [key, { ...node, locked }];
    }),
  );
  return `${JSON.stringify({ nodes, root: lock.root, version: lock.version }, null, 2)}\n`;
}

/** The same without the pins of some inputs of the flake, so that Nix looks at them again. Throws ERR_FLAKE_LOCK. Pure. */
export function withoutPins(lock: LockFile, names: readonly string[], path: string): LockFile {
  const root = lock.nodes[lock.root] ?? {};
  const inputs = { ...root.inputs };
  for (const name of names) {
    if (!Object.hasOwn(inputs, name))
      throw new RoomError('ERR_FLAKE_LOCK', `${lockName} has no input ${JSON.stringify(name)}`, {
        step: 'flake.lock',
        path,
        hint: `there are ${Object.keys(inputs).join(', ') || 'none'}`,
      });
    delete inputs[name];
  }
  return { ...lock, nodes: { ...lock.nodes, [lock.root]: { ...root, inputs } } };
}

/** An input whose pin is another one than before. */
export interface InputChange {
  readonly name: string;
  readonly before: FlakeInput | null;
  readonly after: FlakeInput | null;
}

/** Pure. */
export function inputChanges(
  before: readonly FlakeInput[],
  after: readonly FlakeInput[],
): readonly InputChange[] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))].sort();
  const of = (list: readonly FlakeInput[], name: string): FlakeInput | null =>
    list.find((input) => input.name === name) ?? null;
  return names
    .map((name) => ({ name, before: of(before, name), after: of(after, name) }))
    .filter(({ before: old, after: now }) => JSON.stringify(old) !== JSON.stringify(now));
}
