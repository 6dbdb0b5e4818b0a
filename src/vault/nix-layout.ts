import { join } from 'node:path';

/**
 * Where things of Nix are in a vault. `store` and `var` beside these belong to Nix on the host, which builds planks from flakes: what
 * rooms have built never gets there.
 */
export class NixLayout {
  constructor(readonly root: string) {}

  /** A binary cache: `file://` of it is a substituter. */
  get cache(): string {
    return join(this.root, 'cache');
  }

  get cacheInfo(): string {
    return join(this.cache, 'nix-cache-info');
  }

  get archives(): string {
    return join(this.cache, 'nar');
  }

  /** Becomes a layer of the root of rooms: nothing is in it but nix/store. */
  get layer(): string {
    return join(this.root, 'layer');
  }

  get layerStore(): string {
    return join(this.layer, 'nix/store');
  }

  /** What `nix-store --load-db` wants to know of each path of the layer. A path without it is none. */
  get registrations(): string {
    return join(this.root, 'registrations');
  }

  /** What a room has for itself with mode `bind`: store and var. */
  get shared(): string {
    return join(this.root, 'shared');
  }

  get stage(): string {
    return join(this.root, 'stage');
  }

  /** Parents first. */
  get directories(): readonly string[] {
    return [
      this.root,
      ...[this.cache, this.archives],
      // Nix makes these itself where they are missing, and takes nothing from a cache in which it cannot.
      ...['log', 'realisations'].map((name) => join(this.cache, name)),
      ...[this.registrations, this.stage],
      ...[this.layer, join(this.layer, 'nix'), this.layerStore],
      ...[this.shared, join(this.shared, 'store'), join(this.shared, 'var')],
    ];
  }

  narInfo(name: string): string {
    return join(this.cache, `${name.slice(0, 32)}.narinfo`);
  }

  archive(sha256: string): string {
    return join(this.archives, `${sha256}.nar`);
  }

  registration(name: string): string {
    return join(this.registrations, name);
  }

  path(name: string): string {
    return join(this.layerStore, name);
  }
}
