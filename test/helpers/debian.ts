import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from '../vm/harness/tools.js';

/**
 * Downloads packages (`name` or `name=version`) from wherever this machine's apt gets its own; returns their files in the order of
 * their names. Installs nothing. Packages that are in the directory already stay.
 */
export function downloadPackages(names: readonly string[], directory: string): readonly string[] {
  // As root apt would drop to a user of its own that cannot write here, and say so at length.
  const asOurselves = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
  runTool('apt-get', ['download', '-q', ...asOurselves, ...names], directory);
  return archivesIn(directory);
}

export function archivesIn(directory: string): readonly string[] {
  const files = readdirSync(directory).filter((file) => file.endsWith('.deb'));
  return files.sort().map((file) => join(directory, file));
}

/**
 * Packages and all that they depend on, as `name=version`, sorted: what apt would install on a machine that has nothing at all.
 * What is essential and nothing depends on has to be named.
 */
export function resolvePackages(names: readonly string[]): readonly string[] {
  const emptyMachine = ['-o', 'Dir::State::status=/dev/null', '-o', 'APT::Install-Recommends=false'];
  const plan = runTool('apt-get', ['install', '--simulate', '-q', ...emptyMachine, ...names]);
  return [...plan.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name, version]) => `${name}=${version}`).sort();
}

/** Fetches apt's lists again: packages of old lists may be gone. Needs root. */
export function refreshPackageLists(): void {
  runTool('apt-get', ['update', '-q']);
}
