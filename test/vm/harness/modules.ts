import { build } from 'esbuild';
import { repository } from './paths.js';
import { compiled } from './test-files.js';

/** What programs of the tests import by name, besides the tests themselves. */
const programs = ['.build/src/index.js', '.build/test/helpers/leftovers.js'];

/**
 * Writes compiled tests below `target`, where they have the names they have here, each with its modules in a handful of
 * files: loading the library from hundreds is slow on an emulated processor, and every process of a test does.
 */
export async function joinModules(tests: readonly string[], target: string): Promise<void> {
  await build({
    absWorkingDir: repository,
    entryPoints: [...tests.map(compiled), ...programs],
    outbase: repository,
    outdir: target,
    // As deep as the helpers, which find files of the repository from where they are.
    chunkNames: '.build/test/helpers/[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
}
