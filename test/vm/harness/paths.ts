import { mkdirSync, mkdtempSync, renameSync, rmSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository, seen from `.build/test/vm/harness`. */
export const repository = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');

/** Everything the guest needs and git must not see. */
export const cache = join(repository, '.cache', 'vm');

/** Tools such as depmod and mkfs.ext4 lie where an ordinary user's PATH does not lead. */
export const toolEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  LC_ALL: 'C',
  PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`,
};

/**
 * Makes `path` with `make` unless it is there already. `make` works in a directory beside it that is renamed when it is
 * complete, so that neither an interrupted run nor two runs at once leave half of something in the cache.
 */
export async function once(path: string, make: (directory: string) => void | Promise<void>): Promise<string> {
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const draft = mkdtempSync(`${path}.draft-`);
  try {
    await make(draft);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
  return path;
}
