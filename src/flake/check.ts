import { join } from 'node:path';
import { RoomError } from '../errors.js';
import { declarationError, declarationName, type EnvironmentDeclaration } from './declaration.js';
import { differences } from './edit.js';
import type { FlakeInput } from './lock-file.js';
import type { BuiltEnvironment, InstalledPackage } from './manifest.js';
import { nixFailure } from './nix-failure.js';
import type { Workbench } from './prepare.js';

/** The one that rooms have. */
export const system = 'x86_64-linux';

/** What a check found. */
export interface FlakeCheck {
  readonly inputs: readonly FlakeInput[];
  readonly environment: BuiltEnvironment | null;
  readonly nix: string;
}

/** Inputs, declaration, every output, and what the flake has as `checks`. */
export async function checkFlake(bench: Workbench): Promise<FlakeCheck> {
  // Before Nix is asked anything: a slip in it has a line.
  const declared = await bench.declaration();
  await bench.requireInputs();
  const environment = await readEnvironment(bench, declared);
  await runChecks(bench);
  return { inputs: bench.inputs, environment, nix: bench.nix.version };
}

export async function runChecks(bench: Workbench): Promise<void> {
  bench.begin('check');
  await bench.run('flake.check', ['flake', 'check', '--no-update-lock-file', bench.reference()]);
}

/** What the flake says of the environment that is declared. Throws ERR_FLAKE_DECLARATION where it does not read the declaration. */
export async function readEnvironment(
  bench: Workbench,
  declared: EnvironmentDeclaration | null,
): Promise<BuiltEnvironment | null> {
  if (declared === null) return null;
  bench.begin('evaluate');
  const path = join(bench.place.directory, declarationName);
  const output = `anchorEnvironment.${system}`;
  const end = await bench.try(['eval', '--json', '--no-update-lock-file', bench.reference(output)]);
  if (!end.ok) {
    const error = await nixFailure(end.log, 'flake.evaluate', bench.failures);
    throw error.code === 'ERR_FLAKE_OUTPUT' ? unread(path) : error;
  }
  const found = JSON.parse(end.stdout) as Partial<BuiltEnvironment> | null;
  if (typeof found?.declaration !== 'object' || !Array.isArray(found.installed)) throw unread(path);
  const { declaration: read } = found as BuiltEnvironment;
  const same = differences({ ...declared, ...read }, declared).length === 0;
  if (!same) throw unread(path);
  return { declaration: declared, installed: found.installed.map(installedOf) };
}

function installedOf({ name, version, path }: InstalledPackage): InstalledPackage {
  return { name, version, path };
}

/** An edit of a file that nobody reads would build, and change nothing. */
function unread(path: string): RoomError {
  const error = declarationError(
    `the flake does not read it: it has no output anchorEnvironment.${system} that says what is in it`,
    path,
    null,
  );
  return new RoomError(error.code, error.message, {
    step: 'flake.declaration',
    path,
    hint: 'mkEnvironment of nix/lib makes it: docs/flakes.md',
  });
}
