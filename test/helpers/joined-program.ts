import { rename, writeFile } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { build } from 'esbuild';

/** How compiled modules become few: the library in hundreds of files takes longer to load than most programs of the tests run. */
export const joining = {
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
} as const;

/**
 * The path of a compiled program of the tests (`test/fault/helpers/vault-driver`) with all of its modules in one file, for programs that are
 * started a hundred times and more.
 */
export async function joinedProgram(name: string): Promise<string> {
  const { outputFiles } = await build({
    ...joining,
    absWorkingDir: resolve('.'),
    entryPoints: [`.build/${name}.js`],
    write: false,
  });
  // As deep as the modules of src, which find files of the package from where they are.
  const directory = resolve('.build/test/joined');
  mkdirSync(directory, { recursive: true });
  const program = `${directory}/${basename(name)}.js`;
  // Test files that run at the same time may want the same one.
  const beside = `${program}.${process.pid}`;
  await writeFile(beside, outputFiles[0]!.contents);
  await rename(beside, program);
  return program;
}
