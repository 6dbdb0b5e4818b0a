import { readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';

/** Made by tools, or not ours. */
const ignored = /^(\.git|\.cache|\.build|node_modules|build|build-[a-z]+|dist|prebuilds)$/;

/** Files of the repository below a folder ('' for all), relative to its root, with forward slashes. ava runs there. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })
    .filter((entry) => !ignored.test(entry.name) && join(folder, entry.name) !== join('docs', 'api'))
    .flatMap((entry) => {
      const path = join(folder, entry.name).split(sep).join('/');
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

export function text(file: string): string {
  return readFileSync(file, 'utf8');
}
