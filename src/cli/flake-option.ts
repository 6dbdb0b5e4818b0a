import { Flake, type FlakeOptions, type FlakeProgress, type FlakeWorkOptions } from '../index.js';
import type { OptionValues } from './command-line.js';
import { interruptible } from './interruptible.js';
import { ProgressLine } from './progress-line.js';
import type { jsonOption } from './vault-option.js';
import { vaultOption, withVault } from './vault-option.js';

/** Of every command that runs Nix. */
export const flakeOptions = {
  store: {
    value: 'PATH',
    help: 'directory of the store of Nix (default: that of the vault; /: of the machine)',
  },
  output: { value: 'NAME', help: 'which package of the flake is the plank (default: plank)' },
  'no-sandbox': { help: 'build outside of the sandbox of Nix; the manifest says so' },
  cache: { value: 'URL', many: true, help: 'binary cache that results may come from; repeatable' },
  'cache-key': { value: 'KEY', many: true, help: 'whose signatures on it count; repeatable' },
  nix: { value: 'PATH', help: 'the program (default: the first in PATH)' },
} as const;

/** Of those that have to do with planks. */
export const plankOptions = {
  plank: { value: 'NAME', help: 'name of the plank in the vault (default: that of the directory)' },
  ...vaultOption,
} as const;

type Values = OptionValues<typeof flakeOptions & typeof plankOptions & typeof jsonOption>;

/** Opens a flake with a vault, and closes that afterwards. */
export function withFlake<T>(
  directory: string,
  options: Values,
  work: (flake: Flake) => Promise<T>,
): Promise<T> {
  return withVault(options.vault, async (vault) =>
    work(await Flake.open(directory, { ...settingsOf(options), vault })),
  );
}

/** The same where a store will do. */
export async function withFlakeAlone<T>(
  directory: string,
  options: Values,
  work: (flake: Flake) => Promise<T>,
): Promise<T> {
  if (options.store === undefined) return withFlake(directory, options, work);
  return work(await Flake.open(directory, settingsOf(options)));
}

function settingsOf(options: Values): FlakeOptions {
  const { store, output, plank, cache: caches, 'cache-key': cacheKeys, nix } = options;
  return {
    ...(store === undefined ? {} : { store }),
    ...(output === undefined ? {} : { output }),
    ...(plank === undefined ? {} : { plank }),
    ...(caches === undefined ? {} : { caches }),
    ...(cacheKeys === undefined ? {} : { cacheKeys }),
    ...(nix === undefined ? {} : { nix }),
    ...(options['no-sandbox'] === true ? { sandbox: false } : {}),
  };
}

/** Work of Nix with a line that shows what it is at, and that a signal stops. */
export async function watchedBuild<T>(
  json: boolean,
  work: (options: FlakeWorkOptions) => Promise<T>,
): Promise<T> {
  const progress = new ProgressLine(process.stderr, !json);
  const width = process.stderr.columns;
  try {
    return await interruptible((signal) =>
      work({
        signal,
        onProgress: (state) => progress.show(progressText(state).slice(0, Math.max(20, width - 1))),
      }),
    );
  } finally {
    progress.clear();
  }
}

const phases = {
  inputs: 'looking at the inputs',
  lock: 'pinning the inputs',
  evaluate: 'evaluating',
  build: 'building',
  check: 'checking',
  compare: 'building again',
  store: 'storing the plank',
} as const;

/** Pure. */
export function progressText(progress: FlakeProgress): string {
  switch (progress.type) {
    case 'phase':
      return `${phases[progress.phase]} …`;
    case 'build':
      return `building ${nameOf(progress.derivation)} (${progress.done + 1} of ${Math.max(progress.expected, progress.done + 1)})`;
    case 'log':
      return `${nameOf(progress.derivation)}: ${progress.line.replace(/\t/g, ' ')}`;
    case 'fetch':
      return `fetching ${progress.what}`;
  }
}

/** `/nix/store/HASH-hello.drv` is `hello`. */
function nameOf(derivation: string): string {
  return derivation.replace(/^.*\/[a-z0-9]{32}-/, '').replace(/\.drv$/, '');
}
