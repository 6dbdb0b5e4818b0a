import type { VaultCore } from './core.js';
import { namesIn } from './durable.js';
import { NixShelf, type NixShelfName } from './nix-shelf.js';

/** What rooms have built and the vault kept, looked at. */
export interface VerifiedNix {
  readonly ok: boolean;
  /** How many paths there are, in the cache and in the layer. */
  readonly paths: number;
  readonly problems: readonly { readonly path: string; readonly detail: string }[];
}

/** Hashes all paths again, and compares with what the log says was kept. */
export async function verifyNix(core: VaultCore, signal: AbortSignal | undefined): Promise<VerifiedNix> {
  const { nix } = core.layout;
  const kept = new Map<string, Set<string>>();
  for await (const { operation, phase, reference, sha256 } of core.audit.read()) {
    if (operation !== 'keep' || phase !== 'done' || reference === undefined || sha256 === undefined) continue;
    kept.set(reference, (kept.get(reference) ?? new Set()).add(sha256));
  }
  const shelves: readonly (readonly [NixShelfName, readonly string[]])[] = [
    ['cache', await cachedNames(nix.cache)],
    ['layer', await namesIn(nix.registrations)],
  ];
  const problems: { path: string; detail: string }[] = [];
  let paths = 0;
  for (const [shelf, names] of shelves) {
    for (const name of names) {
      signal?.throwIfAborted();
      paths += 1;
      const detail = await problemOf(new NixShelf(nix, shelf), name, kept);
      if (detail !== null) problems.push({ path: `nix/${shelf}/${name}`, detail });
    }
  }
  return { ok: problems.length === 0, paths, problems };
}

async function problemOf(
  shelf: NixShelf,
  name: string,
  kept: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<string | null> {
  try {
    const path = await shelf.find(name);
    if (path === null) return 'it is gone';
    if (kept.get(`nix/${path.name}`)?.has(path.sha256) !== true)
      return 'the log does not say that it was kept';
    return (await shelf.holds(path)) ? null : 'its bytes are not those that were kept';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Files of a cache are called by the first part of a name only. */
async function cachedNames(cache: string): Promise<readonly string[]> {
  const ending = '.narinfo';
  const files = (await namesIn(cache)).filter((file) => file.endsWith(ending));
  return files.map((file) => file.slice(0, -ending.length));
}
