import { join } from 'node:path';
import { RoomError } from '../errors.js';
import type { ServicesSpec } from '../spec/services.js';
import type { Generation } from '../vault/vault.js';
import { recordedBuild } from './audit.js';
import { activePlank, buildInStore, storePlank, type FlakeBuild, type PlankPlace } from './build.js';
import { runChecks } from './check.js';
import {
  declarationError,
  declarationName,
  declarationText,
  parseDeclaration,
  type EnvironmentDeclaration,
} from './declaration.js';
import {
  applyEdit,
  changesInWords,
  differences,
  type EnvironmentChange,
  type EnvironmentEdit,
} from './edit.js';
import { manifestOf, type InstalledPackage, type PlankManifest } from './manifest.js';
import { Workbench, type FlakePlace, type FlakeWorkOptions } from './prepare.js';
import { replaceText } from './replace-text.js';
import { readOptional } from './stage.js';

/** What a declaration became. */
export interface Declared {
  /** What is other in anchor.env.json. */
  readonly changes: readonly EnvironmentChange[];
  readonly declaration: EnvironmentDeclaration;
  readonly build: FlakeBuild;
}

/** What is there: read, not guessed. */
export interface CurrentEnvironment {
  /** Of the active plank, `planks/name@generation`. */
  readonly reference: string;
  readonly generation: number;
  /** Of its file. */
  readonly path: string;
  readonly installed: readonly InstalledPackage[];
  readonly env: Readonly<Record<string, string>>;
  readonly entry: Readonly<Record<string, readonly string[]>>;
  /** For a spec. */
  readonly services: ServicesSpec;
  readonly manifest: PlankManifest;
  /** What anchor.env.json declares now and the plank is not. Empty: it is what is declared. Null: the file is missing or malformed. */
  readonly pending: readonly EnvironmentChange[] | null;
}

/**
 * Edits the declaration, in this order: a copy is edited, built and checked; the plank is stored beside the active one;
 * anchor.env.json is replaced; the plank becomes the active one. What fails on the way leaves all of it as it was.
 */
export async function declareEnvironment(
  place: FlakePlace,
  plank: PlankPlace,
  output: string,
  edit: EnvironmentEdit,
  options: FlakeWorkOptions,
): Promise<Declared> {
  const path = join(place.directory, declarationName);
  const { text: before, declaration: old } = await readDeclaration(place.directory);
  const declaration = applyEdit(old, edit);
  const changes = differences(old, declaration);
  const text = changes.length === 0 ? before : declarationText(declaration);
  const build = (): Promise<FlakeBuild> =>
    Workbench.with(place, options, async (bench) => {
      await bench.stage.write(declarationName, text);
      const built = await buildInStore(bench, output, false);
      await runChecks(bench);
      const stored = await storePlank(bench, plank, built, false);
      try {
        await requireUnchanged(path, before);
        if (text !== before) await replaceText(path, text);
        if (!stored.active) await plank.vault.activate(stored.reference);
        return { ...stored, active: true };
      } catch (error) {
        await undo(path, before, text, plank, stored);
        throw error;
      }
    });
  const said = { directory: place.directory, message: changesInWords(changes) };
  return recordedBuild(plank, 'declare', said, async () => {
    const built = await build();
    return { result: { changes, declaration, build: built }, build: built };
  });
}

async function requireUnchanged(path: string, before: string): Promise<void> {
  if ((await readOptional(path)) === before) return;
  throw new RoomError('ERR_FLAKE_CHANGED', `${path} was edited while the environment was built`, {
    step: 'flake.declaration',
    path,
    hint: 'the edit is lost, the other one is there: look at it and declare again',
  });
}

/** As far as that is possible: the reason is told, not what comes of it. */
async function undo(
  path: string,
  before: string,
  text: string,
  plank: PlankPlace,
  stored: FlakeBuild,
): Promise<void> {
  if (text !== before && (await readOptional(path).catch(() => null)) === text)
    await replaceText(path, before).catch(() => undefined);
  if (!stored.stored) return;
  // The first generation is active from the start: with the name it goes too.
  await plank.vault.remove(stored.active ? plank.reference : stored.reference).catch(() => undefined);
}

export async function readDeclaration(
  directory: string,
): Promise<{ text: string; declaration: EnvironmentDeclaration }> {
  const path = join(directory, declarationName);
  const text = await readOptional(path);
  if (text === null) throw declarationError('there is none', path, null);
  return { text, declaration: parseDeclaration(text, path) };
}

/** Null: no plank is active, or it is not from a flake that has a declaration. */
export async function currentEnvironment(
  directory: string,
  plank: PlankPlace,
): Promise<CurrentEnvironment | null> {
  const active = await activePlank(plank.vault, plank.reference);
  const manifest = active === null ? null : manifestOf(active);
  if (active === null || manifest === null || manifest.environment === null) return null;
  const { declaration, installed } = manifest.environment;
  const wanted = await readDeclaration(directory).catch(() => null);
  const { reference, generation, path } = active;
  return {
    reference,
    generation,
    path,
    installed,
    env: declaration.env,
    entry: declaration.entry,
    services: declaration.services,
    manifest,
    pending: wanted === null ? null : differences(declaration, wanted.declaration),
  };
}

/** The plank before the active one, with the declaration that it was built from. */
export async function rollBackEnvironment(directory: string, plank: PlankPlace): Promise<Generation> {
  const generation = await plank.vault.rollback(plank.reference);
  const environment = manifestOf(generation)?.environment ?? null;
  if (environment === null) return generation;
  const { declaration } = environment;
  const now = await readDeclaration(directory).catch(() => null);
  if (now === null || differences(now.declaration, declaration).length > 0)
    await replaceText(join(directory, declarationName), declarationText(declaration));
  return generation;
}
