import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Something is missing that this program cannot mend. Its message says what to do. */
export class SetupError extends Error {}

/** Runs a command, its output kept back unless it fails: then all of it is shown. */
export function run(what, command, args, options = {}) {
  const begin = Date.now();
  process.stderr.write(`setup: ${what} ...`);
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  process.stderr.write(
    ` ${result.status === 0 ? 'done' : 'FAILED'} (${((Date.now() - begin) / 1000).toFixed(1)} s)\n`,
  );
  if (result.status === 0) return result.stdout;
  process.stderr.write(
    `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error.message}\n` : ''}`,
  );
  throw new SetupError(`${what}: "${command} ${args.join(' ')}" failed`);
}
