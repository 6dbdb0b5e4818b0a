import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { joining } from '../../helpers/joined-program.js';
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
    ...joining,
    absWorkingDir: repository,
    entryPoints: [...tests.map(compiled), ...programs],
    outbase: repository,
    outdir: target,
    // As deep as the helpers, which find files of the repository from where they are.
    chunkNames: '.build/test/helpers/[hash]',
    splitting: true,
  });
}

/**
 * Writes the test runner below `target`, with all that it stands on in a handful of files too: a process of the tests would spend most of its
 * time on loading it: nine seconds to the first test, on an emulated processor. What it loads for watching files and for TypeScript is left out.
 */
export async function joinRunner(target: string): Promise<void> {
  const runner = join(repository, 'node_modules/ava');
  const copy = join(target, 'node_modules/ava');
  for (const part of ['package.json', 'entrypoints'])
    cpSync(join(runner, part), join(copy, part), { recursive: true });
  await build({
    ...joining,
    packages: 'bundle',
    external: ['@ava/typescript', '@vercel/nft'],
    absWorkingDir: runner,
    // It starts the first by its path.
    entryPoints: {
      'lib/worker/base': 'lib/worker/base.js',
      'lib/worker/tests': 'entrypoints/main.mjs',
      'lib/cli': 'lib/cli.js',
    },
    outdir: copy,
    chunkNames: 'lib/[hash]',
    splitting: true,
    // For those of its modules that are not ES modules.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
  });
  writeFileSync(
    join(copy, 'entrypoints/main.mjs'),
    "export { default, registerCompletionHandler } from '../lib/worker/tests.js';\n",
  );
}
