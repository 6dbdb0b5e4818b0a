import { access, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RoomError } from '../errors.js';
import { digestPlank } from '../plank/digest.js';
import { readPlankHeader } from '../plank/header.js';
import type { Generation, Vault } from '../vault/vault.js';
import { readEnvironment, system } from './check.js';
import { manifestOf, type PlankManifest } from './manifest.js';
import { inStore, type NixSettings } from './nix-program.js';
import type { FlakeWorkOptions, Workbench } from './prepare.js';

/** How a plank is built. */
export interface FlakeBuildOptions extends FlakeWorkOptions {
  /** Build it a second time and compare. Default false. */
  readonly rebuild?: boolean;
  /** Whether it becomes the active generation. Default true; the first one always does. */
  readonly activate?: boolean;
}

/** A plank in the vault. */
export interface FlakeBuild {
  /** `planks/name@generation` */
  readonly reference: string;
  readonly generation: number;
  readonly active: boolean;
  /** Of the file in the vault. */
  readonly path: string;
  /** False: the active generation is this plank already, and nothing was stored. */
  readonly stored: boolean;
  readonly manifest: PlankManifest;
}

/** Where a plank goes. */
export interface PlankPlace {
  readonly vault: Vault;
  /** `planks/name` */
  readonly reference: string;
}

/** A plank in the store of Nix. */
export interface BuiltPlank {
  readonly path: string;
  readonly manifest: PlankManifest;
}

/** Builds the plank of a flake, in the store of Nix only. */
export async function buildInStore(bench: Workbench, output: string, rebuild: boolean): Promise<BuiltPlank> {
  const declared = await bench.declaration();
  await bench.requireInputs();
  const environment = await readEnvironment(bench, declared);
  const { settings } = bench.place;
  const sandboxed = await alwaysSandboxed(settings);
  const args = [
    'build',
    '--no-link',
    '--no-update-lock-file',
    bench.reference(`packages.${system}.${output}`),
  ];
  bench.begin('build');
  const printed = await bench.run('flake.build', [...args, '--json']);
  const [built] = JSON.parse(printed) as readonly { drvPath?: string; outputs?: { out?: string } }[];
  const outPath = built?.outputs?.out;
  if (built?.drvPath === undefined || outPath === undefined)
    throw new RoomError('ERR_FLAKE_OUTPUT', `the output ${output} has no "out"`, { step: 'flake.build' });
  if (rebuild) {
    bench.begin('compare');
    await bench.run('flake.compare', [...args, '--rebuild']);
  }
  const path = inStore(settings, outPath);
  await requirePlank(path, output);
  return {
    path,
    manifest: {
      format: 1,
      plank: await digestPlank(path),
      drvPath: built.drvPath,
      outPath,
      output,
      nix: bench.nix.version,
      sandboxed,
      rebuilt: rebuild,
      flake: bench.narHash,
      flakeLock: await bench.lockDigest(),
      inputs: bench.inputs,
      environment,
    },
  };
}

/** Stores it, unless the active generation is the very same. */
export async function storePlank(
  bench: Workbench,
  { vault, reference }: PlankPlace,
  { path, manifest }: BuiltPlank,
  activate: boolean,
): Promise<FlakeBuild> {
  bench.begin('store');
  const active = await activePlank(vault, reference);
  const known = active === null ? null : manifestOf(active);
  if (active !== null && known !== null && isSame(known, manifest)) {
    const { generation, path: stored } = active;
    return { reference: active.reference, generation, active: true, path: stored, stored: false, manifest };
  }
  const { signal } = bench.options;
  const source = { type: 'flake', path: bench.place.directory, manifest };
  const put = await vault.put(reference, path, { activate, expect: manifest.plank, source, signal });
  const { generation, active: isActive, path: stored } = put;
  return { reference: put.reference, generation, active: isActive, path: stored, stored: true, manifest };
}

/** That a plank was built a second time is worth a new generation; that it was not is none. */
function isSame(known: PlankManifest, manifest: PlankManifest): boolean {
  return (
    JSON.stringify(known) === JSON.stringify({ ...manifest, rebuilt: manifest.rebuilt || known.rebuilt })
  );
}

/** The active generation; null where there is none. */
export async function activePlank(vault: Vault, reference: string): Promise<Generation | null> {
  return vault.inspect(reference).catch((error: unknown) => {
    if ((error as Partial<RoomError>).code === 'ERR_VAULT_NO_ENTRY') return null;
    throw error;
  });
}

async function requirePlank(path: string, output: string): Promise<void> {
  const wrong = (why: string, cause?: unknown): RoomError =>
    new RoomError('ERR_FLAKE_OUTPUT', `what the output ${output} gives is no plank: ${why}`, {
      step: 'flake.build',
      path,
      hint: 'make it with mkPlank or mkEnvironment of nix/lib',
      ...(cause === undefined ? {} : { cause }),
    });
  const found = await stat(path);
  if (!found.isFile()) throw wrong('it is a directory');
  await readPlankHeader(path).catch((error: unknown) => {
    throw wrong((error as Error).message, error);
  });
}

/**
 * Nix does not remember how a store path was made. A store in which something was once built without the sandbox, or got from a
 * cache, is marked, and no plank from it is called sandboxed again.
 */
async function alwaysSandboxed({ store, sandbox, caches }: NixSettings): Promise<boolean> {
  if (store === '/') return false;
  const mark = join(store, 'nix/var/anchor/not-all-sandboxed');
  if (!sandbox || caches.length > 0) await writeFile(mark, '');
  return access(mark).then(
    () => false,
    () => true,
  );
}
