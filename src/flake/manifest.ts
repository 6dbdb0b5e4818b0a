import type { Generation } from '../vault/vault.js';
import type { EnvironmentDeclaration } from './declaration.js';
import type { FlakeInput } from './lock-file.js';

/** A package in a plank. */
export interface InstalledPackage {
  /** As it was declared; of several that became one, all of them. */
  readonly name: string;
  readonly version: string | null;
  /** In the store, and in the plank. */
  readonly path: string;
}

/** What a flake says that its environment is. */
export interface BuiltEnvironment {
  readonly declaration: EnvironmentDeclaration;
  readonly installed: readonly InstalledPackage[];
}

/** Where a plank comes from: `source.manifest` of its meta.json. The same elsewhere means the same plank. */
export interface PlankManifest {
  readonly format: 1;
  /** `sha256:…` of the file. */
  readonly plank: string;
  readonly drvPath: string;
  readonly outPath: string;
  /** Of the flake, e.g. `plank`. */
  readonly output: string;
  readonly nix: string;
  /** True: this store has been built in by this package alone, always in Nix's sandbox, and nothing came from a cache. */
  readonly sandboxed: boolean;
  /** Built a second time with the same result. */
  readonly rebuilt: boolean;
  /** Hash of the files of the flake, `sha256-…`. */
  readonly flake: string;
  /** `sha256:…` of flake.lock; null: the flake has no inputs. */
  readonly flakeLock: string | null;
  readonly inputs: readonly FlakeInput[];
  /** Null: the flake has no anchor.env.json. */
  readonly environment: BuiltEnvironment | null;
}

/** Of a plank that was built from a flake; null for any other. */
export function manifestOf({ meta }: Generation): PlankManifest | null {
  const manifest = meta.source['manifest'] as Partial<PlankManifest> | undefined;
  if (meta.source.type !== 'flake' || manifest?.format !== 1) return null;
  const { environment, ...rest } = manifest as PlankManifest;
  if (environment === null) return { ...rest, environment };
  // Planks that were built before there were any say nothing of services.
  const { services = {} } = environment.declaration as Partial<EnvironmentDeclaration>;
  const declaration = { ...environment.declaration, services };
  return { ...rest, environment: { ...environment, declaration } };
}
