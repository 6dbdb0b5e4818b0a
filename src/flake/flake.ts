import { realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { requireSignal } from '../abort.js';
import { RoomError } from '../errors.js';
import { keysOf, readArray, readFields, wrongType, wrongValue } from '../spec/field.js';
import { readPath } from '../spec/path.js';
import { readFlag, readText } from '../spec/scalar.js';
import { readReference } from '../spec/vault-reference.js';
import { Vault, type Generation } from '../vault/vault.js';
import { recordedBuild } from './audit.js';
import {
  buildInStore,
  storePlank,
  type FlakeBuild,
  type FlakeBuildOptions,
  type PlankPlace,
} from './build.js';
import { checkFlake, type FlakeCheck } from './check.js';
import { declarationName, parseDeclaration, type EnvironmentDeclaration } from './declaration.js';
import type { EnvironmentEdit } from './edit.js';
import {
  currentEnvironment,
  declareEnvironment,
  rollBackEnvironment,
  type CurrentEnvironment,
  type Declared,
} from './environment.js';
import { lockFlake, type FlakeLock, type FlakeLockOptions } from './lock.js';
import { lockName, parseLock, pinnedInputs, type FlakeInput } from './lock-file.js';
import { Workbench, type FlakePlace, type FlakeWorkOptions } from './prepare.js';
import { readOptional } from './stage.js';

/** How a flake is opened. */
export interface FlakeOptions {
  /** Where its planks go. Without one nothing can be built, only checked and locked. */
  readonly vault?: Vault;
  /** Their name there: `agent` is planks/agent. Default: the name of the directory. */
  readonly plank?: string;
  /** Directory that has nix/store and nix/var below it, or gets them. Default: that of the vault. `/`: the store of the machine. */
  readonly store?: string;
  /** Which of the packages of the flake is the plank. Default `plank`. */
  readonly output?: string;
  /** Build in Nix's sandbox, or not at all. Default true. */
  readonly sandbox?: boolean;
  /** Binary caches that results may come from, e.g. `https://cache.nixos.org`. Default none. */
  readonly caches?: readonly string[];
  /** Whose signatures on them count. */
  readonly cacheKeys?: readonly string[];
  /** Path of `nix`. Default: the first in PATH. */
  readonly nix?: string;
  /** Where copies and builds are made. Default: TMPDIR. */
  readonly temporary?: string;
}

/** What a flake says, read from its files without Nix. */
export interface FlakeDeclared {
  /** What its inputs are pinned to; null: there is no flake.lock. */
  readonly inputs: readonly FlakeInput[] | null;
  /** anchor.env.json; null: there is none. */
  readonly environment: EnvironmentDeclaration | null;
}

/**
 * A directory with flake.nix: what a plank is built from, outside of rooms, by the program `nix`. Rooms need none of this. Everything is done
 * in a copy with a configuration of its own; the directory itself is only ever changed file by file, each as a whole.
 */
export class Flake {
  /** Without symbolic links. */
  readonly directory: string;
  readonly #place: FlakePlace;
  readonly #plank: PlankPlace | null;
  readonly #output: string;

  private constructor(place: FlakePlace, plank: PlankPlace | null, output: string) {
    this.directory = place.directory;
    this.#place = place;
    this.#plank = plank;
    this.#output = output;
  }

  /** Throws ERR_FLAKE_NOT_FOUND, or a TypeError or RangeError for bad options. Runs nothing. */
  static async open(directory: string, options: FlakeOptions = {}): Promise<Flake> {
    const wanted = readOptions(options);
    const path = resolve(readPath(directory, 'directory', 'a path'));
    const real = await realpath(path).catch(() => path);
    const found = await stat(join(real, 'flake.nix')).catch(() => null);
    if (found?.isFile() !== true)
      throw new RoomError('ERR_FLAKE_NOT_FOUND', `${path} has no flake.nix`, { path, step: 'flake.open' });
    const { vault, plank, store, output, temporary, ...settings } = wanted;
    const place = { directory: real, temporary, settings: { ...settings, store } };
    const name = plank ?? basename(real);
    return new Flake(place, vault === null ? null : { vault, reference: referenceOf(name) }, output);
  }

  /** Reads what is declared. Throws ERR_FLAKE_LOCK, ERR_FLAKE_UNPINNED, ERR_FLAKE_DECLARATION. */
  async declared(): Promise<FlakeDeclared> {
    const at = (name: string): string => join(this.directory, name);
    const lock = await readOptional(at(lockName));
    const declaration = await readOptional(at(declarationName));
    return {
      inputs: lock === null ? null : pinnedInputs(parseLock(lock, at(lockName)), at(lockName)),
      environment: declaration === null ? null : parseDeclaration(declaration, at(declarationName)),
    };
  }

  /** Evaluates every output and builds its checks. Throws ERR_FLAKE_…. */
  async check(options: FlakeWorkOptions = {}): Promise<FlakeCheck> {
    const work = readWork(options);
    return Workbench.with(this.#place, work, checkFlake);
  }

  /** Pins the inputs in flake.lock, those that are pinned only on request. Throws ERR_FLAKE_…; then flake.lock is as it was. */
  async lock(options: FlakeLockOptions = {}): Promise<FlakeLock> {
    const { update = [], ...rest } = dropUndefined(options);
    const names =
      update === 'all'
        ? update
        : readArray(update, 'update', '"all" or names of inputs').map((name, at) =>
            readText(name, `update[${at}]`),
          );
    return lockFlake(this.#place, names, readWork(rest));
  }

  /** Builds the plank and stores it in the vault. Throws ERR_FLAKE_…, ERR_VAULT_…; then the active plank is what it was. */
  async build(options: FlakeBuildOptions = {}): Promise<FlakeBuild> {
    const { rebuild, activate, ...rest } = dropUndefined(options);
    const again = readFlag(rebuild, 'rebuild', false);
    const active = readFlag(activate, 'activate', true);
    const plank = this.#requirePlank();
    const work = readWork(rest);
    return recordedBuild(plank, 'build', { directory: this.directory, message: null }, async () => {
      const build = await Workbench.with(this.#place, work, async (bench) =>
        storePlank(bench, plank, await buildInStore(bench, this.#output, again), active),
      );
      return { result: build, build };
    });
  }

  /**
   * Edits anchor.env.json, builds and checks what it says then, and makes that the active plank: all of it, or nothing has changed.
   * Throws ERR_FLAKE_…, ERR_VAULT_…, or a TypeError or RangeError that names the field.
   */
  async declare(edit: EnvironmentEdit, options: FlakeWorkOptions = {}): Promise<Declared> {
    return declareEnvironment(this.#place, this.#requirePlank(), this.#output, edit, readWork(options));
  }

  /** What is in the active plank. Null: nothing was built yet, or not from a declaration. */
  async current(): Promise<CurrentEnvironment | null> {
    return currentEnvironment(this.directory, this.#requirePlank());
  }

  /** Makes the plank before the active one the active one, and declares again what it was built from. */
  async rollback(): Promise<Generation> {
    return rollBackEnvironment(this.directory, this.#requirePlank());
  }

  #requirePlank(): PlankPlace {
    if (this.#plank !== null) return this.#plank;
    throw wrongValue('options.vault', 'a vault, because planks go there', undefined);
  }
}

const optionKeys = keysOf<FlakeOptions>({
  vault: true,
  plank: true,
  store: true,
  output: true,
  sandbox: true,
  caches: true,
  cacheKeys: true,
  nix: true,
  temporary: true,
});

function readOptions(options: FlakeOptions): {
  vault: Vault | null;
  plank: string | null;
  store: string;
  output: string;
  sandbox: boolean;
  caches: readonly string[];
  cacheKeys: readonly string[];
  program: string | null;
  temporary: string | null;
} {
  const fields = readFields(dropUndefined(options), 'options', optionKeys);
  const { vault, plank, store, output = 'plank', sandbox, caches, cacheKeys, nix, temporary } = fields;
  if (vault !== undefined && !(vault instanceof Vault)) throw wrongType('vault', 'a Vault', vault);
  const path = (value: unknown, field: string): string | null =>
    value === undefined ? null : resolve(readPath(value, field, 'a path'));
  const where = path(store, 'store') ?? vault?.path;
  if (where === undefined) throw wrongValue('store', 'a directory for the store of Nix, or a vault', store);
  const name = readText(output, 'output');
  if (!/^[A-Za-z_][\w-]*$/.test(name)) throw wrongValue('output', 'the name of a package', name);
  return {
    vault: vault ?? null,
    plank: plank === undefined ? null : readText(plank, 'plank'),
    store: where,
    output: name,
    sandbox: readFlag(sandbox, 'sandbox', true),
    caches: readWords(caches, 'caches'),
    cacheKeys: readWords(cacheKeys, 'cacheKeys'),
    program: path(nix, 'nix'),
    temporary: path(temporary, 'temporary'),
  };
}

/** Before anything is built, because what has no name cannot be stored. */
function referenceOf(name: string): string {
  const reference = `planks/${name}`;
  if (readReference(reference)?.generation === null) return reference;
  throw wrongValue('plank', 'a name of the vault: 1 to 64 characters of a-z 0-9 . _ -', name);
}

/** One setting of Nix each, so that no word can become another setting. */
function readWords(value: unknown, field: string): readonly string[] {
  return (value === undefined ? [] : readArray(value, field)).map((each, at) => {
    const word = readText(each, `${field}[${at}]`);
    if (/^\S+$/.test(word)) return word;
    throw wrongValue(`${field}[${at}]`, 'one word', word);
  });
}

function readWork(options: FlakeWorkOptions): FlakeWorkOptions {
  const keys = keysOf<FlakeWorkOptions>({ signal: true, onProgress: true });
  const { signal, onProgress } = readFields(dropUndefined(options), 'options', keys);
  requireSignal(signal);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw wrongType('onProgress', 'a function', onProgress);
  return { signal, onProgress: onProgress as FlakeWorkOptions['onProgress'] };
}

function dropUndefined<T extends object>(options: T): T {
  if (typeof options !== 'object' || (options as unknown) === null || Array.isArray(options)) return options;
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
