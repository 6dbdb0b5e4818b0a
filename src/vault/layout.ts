import { join } from 'node:path';
import { NixLayout } from './nix-layout.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import { metaName } from '../spec/vault-reference.js';

/** Where things are in a vault. Pure: docs/vault.md shows the same as a picture. */
export class Layout {
  constructor(readonly root: string) {}

  /** What makes a directory a vault. */
  get marker(): string {
    return join(this.root, 'anchor-vault.json');
  }

  get audit(): string {
    return join(this.root, 'audit');
  }

  get stage(): string {
    return join(this.root, 'stage');
  }

  get trash(): string {
    return join(this.root, 'trash');
  }

  get locks(): string {
    return join(this.root, 'locks');
  }

  get leases(): string {
    return join(this.root, 'leases');
  }

  /** Whoever changes anything holds it. */
  get lock(): string {
    return join(this.locks, 'vault');
  }

  get nix(): NixLayout {
    return new NixLayout(join(this.root, 'nix'));
  }

  kind(kind: VaultKind): string {
    return join(this.root, kind);
  }

  /** The link to the active generation. */
  link(kind: VaultKind, name: string): string {
    return join(this.kind(kind), name);
  }

  /** All generations of all names of a kind. */
  generationsOfKind(kind: VaultKind): string {
    return join(this.kind(kind), '.gen');
  }

  generations(kind: VaultKind, name: string): string {
    return join(this.generationsOfKind(kind), name);
  }

  generation(kind: VaultKind, name: string, generation: number): string {
    return join(this.generations(kind, name), generationName(generation));
  }

  /** The file or directory itself. */
  content(kind: VaultKind, name: string, generation: number): string {
    return join(this.generation(kind, name, generation), name);
  }

  meta(kind: VaultKind, name: string, generation: number): string {
    return join(this.generation(kind, name, generation), metaName);
  }

  /** What the link says: relative, so that a vault can be mounted elsewhere. */
  linkTarget(name: string, generation: number): string {
    return join('.gen', name, generationName(generation), name);
  }
}

export { metaName };

/** In a directory of generations: the highest number that was ever given, once that one is gone. */
export const lastName = '.last';

/** `0003`: sorted by name they are sorted by number, as far as anybody looks. */
export function generationName(generation: number): string {
  return String(generation).padStart(4, '0');
}

/** The number of a directory of a generation, or null for anything else. */
export function generationOf(name: string): number | null {
  const number = /^[0-9]{4,9}$/.test(name) ? Number(name) : 0;
  return number > 0 && generationName(number) === name ? number : null;
}
