import { constants } from 'node:fs';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { RoomError } from '../errors.js';
import { runTool } from '../plank/tool.js';

/** How Nix is called for a flake. */
export interface NixSettings {
  /** Path of the program; null: the first in PATH. */
  readonly program: string | null;
  /** The directory that has nix/store and nix/var in it; `/` is the store of the machine. */
  readonly store: string;
  readonly sandbox: boolean;
  readonly caches: readonly string[];
  readonly cacheKeys: readonly string[];
}

/** Nix, ready to be run. */
export interface Nix {
  readonly program: string;
  readonly version: string;
  readonly settings: NixSettings;
  readonly environment: NodeJS.ProcessEnv;
}

/** Flakes with the flags that are used here. */
const oldest = [2, 8] as const;

/** Of our own environment, what networks need. */
const passed = [
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'NIX_SSL_CERT_FILE',
  'SSL_CERT_FILE',
] as const;

/** Finds Nix and makes the directories that it keeps its own things in. Throws ERR_FLAKE_TOOL. */
export async function openNix(settings: NixSettings): Promise<Nix> {
  const program = settings.program ?? (await find());
  if (program === null)
    throw new RoomError('ERR_FLAKE_TOOL', 'nix is not installed or not in PATH', {
      step: 'flake.nix',
      hint: 'apt-get install nix-bin, or see docs/flakes.md; rooms themselves need no Nix',
    });
  const version = await versionOf(program);
  const home = join(settings.store, 'nix/var/anchor');
  await mkdir(home, { recursive: true });
  const registry = join(home, 'registry.json');
  await writeFile(registry, '{"flakes":[],"version":2}\n');
  return { program, version, settings, environment: environmentOf(settings, home, registry) };
}

async function find(): Promise<string | null> {
  for (const directory of programDirectories()) {
    const path = join(directory, 'nix');
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return null;
}

/** An empty or relative entry would mean the working directory: whoever can write there would choose our program. */
function programDirectories(): readonly string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
}

async function versionOf(program: string): Promise<string> {
  let output = '';
  const fail = (why: string, cause?: unknown): RoomError =>
    new RoomError('ERR_FLAKE_TOOL', `${program} ${why}`, { step: 'flake.nix', path: program, cause });
  const end = await runTool({
    path: program,
    args: ['--version'],
    onOutput: (text) => (output += text),
  }).catch((error: unknown) => {
    throw fail(`cannot be run: ${(error as Error).message}`, error);
  });
  const [, version, major, minor] = /\b((\d+)\.(\d+)\S*)\s*$/.exec(output) ?? [];
  if (!end.ok || version === undefined)
    throw fail(`does not tell its version: ${end.stderr || output.trim()}`);
  const [first, second] = [Number(major), Number(minor)];
  if (first < oldest[0] || (first === oldest[0] && second < oldest[1]))
    throw fail(`is of version ${version}; flakes need ${oldest.join('.')}`);
  return version;
}

/** Nothing of the machine's or a user's configuration: the same settings give the same result everywhere. */
function environmentOf(settings: NixSettings, home: string, registry: string): NodeJS.ProcessEnv {
  const { sandbox, caches, cacheKeys } = settings;
  const lines = {
    'experimental-features': 'nix-command flakes',
    // None by default: with one that cannot be reached each command waits for its name to be looked up.
    substituters: caches.join(' '),
    'trusted-public-keys': cacheKeys.join(' '),
    'build-users-group': '',
    'flake-registry': registry,
    sandbox: String(sandbox),
    // Or Nix goes on without one when it cannot be made, and says nothing.
    'sandbox-fallback': 'false',
    'accept-flake-config': 'false',
    // A cached failure has lost its reason.
    'eval-cache': 'false',
  };
  return {
    ...Object.fromEntries(
      passed.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    ),
    PATH: programDirectories().join(delimiter),
    LC_ALL: 'C.UTF-8',
    HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    NIX_CONF_DIR: join(home, 'config'),
    NIX_CONFIG: Object.entries(lines)
      .map(([name, value]) => `${name} = ${value}`)
      .join('\n'),
  };
}

/** Where a store path is on this machine. */
export function inStore({ store }: NixSettings, path: string): string {
  return store === '/' ? path : join(store, path);
}
