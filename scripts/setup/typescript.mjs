import { run } from './run.mjs';
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
    writeStamp(stamp, value);
  }
}
