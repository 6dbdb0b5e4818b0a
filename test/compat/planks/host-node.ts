import { cpSync, existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileStamp, librariesOf, tool } from '../../vm/harness/tools.js';

/** Folder of the npm that belongs to this machine. */
function npmFolder(): string {
  return dirname(dirname(realpathSync(tool('npm'))));
}

/** Changes with Node, and with npm. */
export function nodeStamp(): string {
  return [process.execPath, join(npmFolder(), 'package.json')].map(fileStamp).join();
}

/** Puts this very Node and its npm into a tree, with those of its libraries that the tree does not have. */
export function copyNode(tree: string): void {
  const local = join(tree, 'usr/local');
  const modules = join(local, 'lib/node_modules');
  for (const folder of [join(local, 'bin'), modules]) mkdirSync(folder, { recursive: true });
  cpSync(process.execPath, join(local, 'bin/node'), { dereference: true });
  for (const library of librariesOf(process.execPath)) {
    const name = basename(library);
    const there = ['usr/lib/x86_64-linux-gnu', 'usr/lib64', 'usr/lib'].some((folder) =>
      existsSync(join(tree, folder, name)),
    );
    if (!there) cpSync(library, join(local, 'lib', name), { dereference: true });
  }
  cpSync(npmFolder(), join(modules, 'npm'), { recursive: true, verbatimSymlinks: true });
  for (const name of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name));
}
