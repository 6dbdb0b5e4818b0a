import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type bindings from 'bindings';
import type { Addon } from '../../types/addon.js';
import { RoomError } from '../errors.js';
import { currentPlatform, describePlatform, requireSupported, type Platform } from './platform.js';

const PACKAGE_NAME = 'anchor-rooms';
const ADDON_FILE = 'anchor_rooms.node';
const INIT_FILE = 'room-init';
const PLAN_VERSION: number = 1;

/** The native half of the package. */
export interface LoadedAddon {
  readonly addon: Addon;
  /** The .node file it came from. */
  readonly path: string;
  /** PID 1 of every room: an executable that is built together with the addon and lies beside it. */
  readonly init: string;
}

/** One place where the addon might have been, and why it was not taken from there. */
export interface LoadAttempt {
  readonly path: string;
  readonly problem: string;
}

let loaded: LoadedAddon | undefined;

/**
 * Loads the addon at first use, so that types, specs and plans work on machines where it cannot be loaded.
 * The environment variable ANCHOR_ROOMS_ADDON names another build of it (a sanitizer's, for example).
 * Throws ERR_ROOM_UNSUPPORTED_PLATFORM or ERR_ROOM_ADDON_LOAD.
 */
export function loadAddon(): LoadedAddon {
  return (loaded ??= search(currentPlatform(), packageRoot(), process.env['ANCHOR_ROOMS_ADDON']));
}

/** Tries every place in turn; nothing is kept. Exported for tests of the load doctor. */
export function search(platform: Platform, root: string, override: string | undefined): LoadedAddon {
  requireSupported(platform);
  const attempts: LoadAttempt[] = [];
  for (const path of candidates(platform, root, override)) {
    try {
      return open(root, path);
    } catch (error) {
      attempts.push({ path, problem: firstLine(error) });
    }
  }
  throw diagnose(platform, root, override, attempts);
}

/** Where the addon may lie, best first. */
export function candidates(
  platform: Platform,
  root: string,
  override: string | undefined,
): readonly string[] {
  if (override !== undefined && override !== '') return [resolve(override)];
  const prebuild = `${platform.system}-${platform.architecture}-${platform.libc ?? 'unknown'}`;
  return [join(root, 'build', 'Release', ADDON_FILE), join(root, 'prebuilds', prebuild, ADDON_FILE)];
}

/** The directory of this package's package.json, looked for upwards from this file: src, dist and .build differ in depth. */
export function packageRoot(from: string = dirname(fileURLToPath(import.meta.url))): string {
  for (let directory = from; ; directory = dirname(directory)) {
    if (isOurPackage(join(directory, 'package.json'))) return directory;
    if (directory === dirname(directory)) {
      throw new RoomError('ERR_ROOM_ADDON_LOAD', `no package.json of ${PACKAGE_NAME} above ${from}`, {
        path: from,
        hint: 'The native addon is found relative to its package: keep anchor-rooms external when bundling.',
      });
    }
  }
}

function isOurPackage(file: string): boolean {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name === PACKAGE_NAME;
  } catch {
    return false;
  }
}

/** `bindings` with one place at a time: left to itself it guesses the root from a stack trace and stops at the first broken file. */
function open(root: string, path: string): LoadedAddon {
  const load = createRequire(import.meta.url)('bindings') as typeof bindings;
  const addon = load({ bindings: ADDON_FILE, module_root: root, try: [[path]] }) as Addon;
  const version: number = addon.planVersion;
  if (version !== PLAN_VERSION) {
    throw new Error(`built for plan version ${version}, this package speaks ${PLAN_VERSION}`);
  }
  const init = join(dirname(path), INIT_FILE);
  if (!existsSync(init)) throw new Error(`${INIT_FILE} is missing beside it`);
  return { addon, path, init };
}

function diagnose(
  platform: Platform,
  root: string,
  override: string | undefined,
  attempts: readonly LoadAttempt[],
): RoomError {
  const tried = attempts
    .map(({ path, problem }) => `  ${relative(root, path) || path}: ${problem}`)
    .join('\n');
  return new RoomError(
    'ERR_ROOM_ADDON_LOAD',
    `the native addon of ${PACKAGE_NAME} could not be loaded\n` +
      `found: ${describePlatform(platform)}\n` +
      `required: Linux 5.15 or newer on x64, Node 20.19 or newer\n` +
      `tried:\n${tried}`,
    { path: attempts[0]?.path ?? root, hint: remedy(root, override, attempts) },
  );
}

/** The one command, or the one thing, that mends it. */
function remedy(root: string, override: string | undefined, attempts: readonly LoadAttempt[]): string {
  const problems = attempts.map(({ problem }) => problem).join('\n');
  const build = `cd ${root} && npm run build:native`;
  if (override !== undefined && override !== '') return 'ANCHOR_ROOMS_ADDON is set; correct it or unset it.';
  if (/GLIBC(XX)?_/.test(problems)) {
    return `The addon was built against a newer C library than this machine has; build it here: ${build}`;
  }
  if (/plan version|room-init/.test(problems))
    return `The build is stale or incomplete; make it again: ${build}`;
  return `Build it (needs a C++ compiler, make and python3): ${build}`;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (text.startsWith('Could not locate the bindings file')) return 'no such file';
  return text.split('\n', 1)[0] ?? text;
}
