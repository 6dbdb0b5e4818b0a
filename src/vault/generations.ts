import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { RoomError } from '../errors.js';
import { namesIn } from './durable.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import { generationOf, lastName, type Layout } from './layout.js';
import { readMeta, type GenerationMeta } from './meta.js';
import { referenceText, type Reference } from '../spec/vault-reference.js';
import { attempt, isErrno } from './system-error.js';

/** A generation that is there. */
export interface Located {
  readonly kind: VaultKind;
  readonly name: string;
  readonly generation: number;
}

/** What is there, read from the directories each time: they are the truth, and others may change them. */
export class Generations {
  constructor(readonly layout: Layout) {}

  /** Names that have or had generations, sorted. */
  async names(kind: VaultKind): Promise<readonly string[]> {
    const path = this.layout.generationsOfKind(kind);
    return attempt('vault.read', path, () => namesIn(path));
  }

  /** Numbers of the generations of a name, ascending. */
  async of(kind: VaultKind, name: string): Promise<readonly number[]> {
    const path = this.layout.generations(kind, name);
    const names = await attempt('vault.read', path, () => namesIn(path));
    return names
      .map(generationOf)
      .filter((generation) => generation !== null)
      .sort((left, right) => left - right);
  }

  /** The active generation; null: none. The link may lead to one that is not there any more, which verify() tells. */
  async active(kind: VaultKind, name: string): Promise<number | null> {
    const path = this.layout.link(kind, name);
    return attempt('vault.read', path, async () => {
      try {
        const parts = (await readlink(path)).split('/');
        return parts.length === 4 && parts[1] === name ? generationOf(parts[2] ?? '') : null;
      } catch (error) {
        // EINVAL: somebody put something else in its place.
        if (isErrno(error, 'ENOENT') || isErrno(error, 'EINVAL')) return null;
        throw error;
      }
    });
  }

  /** The number of the next one: never one that was given before, for somebody may have written it down. */
  async next(kind: VaultKind, name: string): Promise<number> {
    const present = await this.of(kind, name);
    return Math.max(0, ...present, await this.last(kind, name)) + 1;
  }

  /** The highest number of those that are gone, as far as it was the highest of all. */
  async last(kind: VaultKind, name: string): Promise<number> {
    const path = join(this.layout.generations(kind, name), lastName);
    return attempt('vault.read', path, async () => {
      try {
        return Number.parseInt(await readFile(path, 'utf8'), 10) || 0;
      } catch (error) {
        if (isErrno(error, 'ENOENT')) return 0;
        throw error;
      }
    });
  }

  /** The generation that a reference means. Throws ERR_VAULT_NO_ENTRY. */
  async locate(reference: Reference): Promise<Located> {
    const { kind, name } = reference;
    const present = await this.of(kind, name);
    const generation = reference.generation ?? (await this.active(kind, name));
    if (generation !== null && present.includes(generation)) return { kind, name, generation };
    throw await this.#missing(reference, present);
  }

  async meta({ kind, name, generation }: Located): Promise<{ meta: GenerationMeta; digest: string }> {
    return readMeta(this.layout.meta(kind, name, generation));
  }

  async #missing(reference: Reference, present: readonly number[]): Promise<RoomError> {
    const { kind, name } = reference;
    const path = this.layout.link(kind, name);
    const text = referenceText(reference);
    if (present.length > 0) {
      const which = reference.generation === null ? 'no active generation' : 'no such generation';
      const hint = `there are ${present.map((generation) => `${kind}/${name}@${generation}`).join(', ')}`;
      return new RoomError('ERR_VAULT_NO_ENTRY', `the vault has ${which}: ${text}`, { path, hint });
    }
    const names = await this.names(kind);
    const hint = names.length === 0 ? `there are no ${kind}` : `${kind} are ${names.slice(0, 10).join(', ')}`;
    return new RoomError('ERR_VAULT_NO_ENTRY', `the vault has no ${text}`, { path, hint });
  }
}
