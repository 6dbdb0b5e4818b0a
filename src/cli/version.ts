import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** From the package.json of this package, wherever it was compiled to. */
export function version(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const found = readPackage(join(directory, 'package.json'));
    if (found !== null) return found;
    if (directory === dirname(directory)) return 'unknown';
  }
}

function readPackage(path: string): string | null {
  try {
    const { name, version: number } = JSON.parse(readFileSync(path, 'utf8')) as Record<
      'name' | 'version',
      unknown
    >;
    return name === 'anchor-rooms' && typeof number === 'string' ? number : null;
  } catch {
    return null;
  }
}
