import { link } from 'node:fs/promises';
import { join } from 'node:path';
import type { VaultParts } from './core.js';
import type { Located } from './generations.js';
import { vaultKinds } from '../spec/vault-kinds.js';
import { contentRoot } from './stored-files.js';

/** A stored file that may be what is about to be stored. */
interface Candidate {
  readonly path: string;
  readonly sha256: string;
  readonly blake3: string;
  readonly executable: boolean;
}

/** Below this a link saves nothing: a file takes a block anyway. */
const leastSize = 4096;

/** Which files a vault has, by size: read off the meta.json of all generations, each once, because they never change. */
export class Duplicates {
  readonly #known = new Map<string, ReadonlyMap<number, readonly Candidate[]>>();

  /** Candidates for files of these sizes. */
  async ofSizes(
    parts: VaultParts,
    sizes: ReadonlySet<number>,
  ): Promise<ReadonlyMap<number, readonly Candidate[]>> {
    const found = new Map<number, Candidate[]>();
    if (![...sizes].some((size) => size >= leastSize)) return found;
    for (const kind of vaultKinds) {
      for (const name of await parts.generations.names(kind)) {
        for (const generation of await parts.generations.of(kind, name)) {
          const bySize = await this.#of(parts, { kind, name, generation });
          for (const [size, candidates] of bySize) {
            if (sizes.has(size)) found.set(size, [...(found.get(size) ?? []), ...candidates]);
          }
        }
      }
    }
    return found;
  }

  async #of(parts: VaultParts, located: Located): Promise<ReadonlyMap<number, readonly Candidate[]>> {
    const { kind, name, generation } = located;
    const directory = parts.layout.generation(kind, name, generation);
    const known = this.#known.get(directory);
    if (known !== undefined) return known;
    const bySize = new Map<number, Candidate[]>();
    // One that is damaged or is being removed helps nobody.
    const read = await parts.generations.meta(located).catch(() => null);
    if (read === null) return bySize;
    const root = contentRoot(directory, read.meta);
    for (const { path, size, sha256, blake3, executable } of read.meta.files) {
      if (size < leastSize) continue;
      const candidate = { path: join(root, path), sha256, blake3, executable };
      bySize.set(size, [...(bySize.get(size) ?? []), candidate]);
    }
    this.#known.set(directory, bySize);
    return bySize;
  }
}

/**
 * Gives a stored file one more name. Sound, because what is stored is never written to; not possible where the file has as many names as
 * its file system takes, or is gone.
 */
export async function linkStored(candidates: readonly Candidate[], target: string): Promise<boolean> {
  for (const { path } of candidates) {
    const linked = await link(path, target).then(
      () => true,
      () => false,
    );
    if (linked) return true;
  }
  return false;
}

/** Those with this content, and the same mode: that belongs to the file and not to its name. */
export function alike(
  candidates: readonly Candidate[] | undefined,
  file: { readonly sha256: string; readonly blake3: string; readonly executable: boolean },
): readonly Candidate[] {
  return (candidates ?? []).filter(
    ({ sha256, blake3, executable }) =>
      sha256 === file.sha256 && blake3 === file.blake3 && executable === file.executable,
  );
}
