import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.mjs';
import { fingerprint, isStamped, writeStamp } from './stamp.mjs';

const projects = {
  'tsconfig.json': { stamp: 'dist/.anchor-setup', inputs: ['src', 'types', 'tsconfig.json'] },
  'test/tsconfig.json': {
    stamp: '.build/.anchor-setup',
    inputs: ['src', 'types', 'test', 'bench', 'tsconfig.json', 'test/tsconfig.json'],
  },
};

/** tsc for each project whose inputs have changed. */
export function ensureTypeScript(files) {
  for (const file of files) {
    const { stamp, inputs } = projects[file];
    const value = fingerprint([...inputs, 'package-lock.json']);
    if (isStamped(stamp, value)) continue;
    run(`compiling ${file === 'tsconfig.json' ? 'src' : 'tests and benchmarks'}`, process.execPath, [
      'node_modules/typescript/bin/tsc',
      '-p',
      file,
    ]);
    if (file === 'tsconfig.json') joinModules();
    writeStamp(stamp, value);
  }
}

/** Node takes a third of a second to load the library from its hundreds of files, and a fourth of that from a few: docs/decisions/026. */
function joinModules() {
  rmSync(join(root, 'dist/joined'), { recursive: true, force: true });
  run('joining the modules of dist', 'node_modules/esbuild/bin/esbuild', [
    ...['dist/index.js', 'dist/cli/anchor.js', '--outbase=dist', '--outdir=dist', '--allow-overwrite'],
    ...['--bundle', '--splitting', '--chunk-names=joined/[name]-[hash]', '--packages=external'],
    ...['--format=esm', '--platform=node', '--target=node20', '--keep-names', '--log-level=warning'],
  ]);
}
