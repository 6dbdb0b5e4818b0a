import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildNixPlank } from '../../src/index.js';

let built: Promise<string> | undefined;

/** A plank with Nix in it, the same for all tests of a file. Goes when the process ends. */
export function nixPlank(): Promise<string> {
  return (built ??= (async () => {
    const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
    process.on('exit', () => execFileSync('rm', ['-rf', '--', directory]));
    const output = join(directory, 'nix.sqsh');
    await buildNixPlank({ output, level: 1 });
    return output;
  })());
}
