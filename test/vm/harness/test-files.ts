import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './paths.js';

/**
 * The tests meant by names of files and folders. Sources are looked at, not what was compiled: `.build` may still hold
 * tests that have been removed since.
 */
export function testFiles(names: readonly string[]): readonly string[] {
  const files = names.flatMap((name) => {
    const path = join(repository, name);
    if (!existsSync(path)) throw new Error(`no such test: ${name}`);
    if (!statSync(path).isDirectory()) return [name];
    const inside = readdirSync(path).filter((file) => file.endsWith('.test.ts'));
    return inside.sort().map((file) => join(name, file));
  });
  for (const file of files) {
    if (!existsSync(join(repository, compiled(file))))
      throw new Error(`${file} is not compiled: npm run build:test`);
  }
  if (files.length === 0) throw new Error(`no tests in ${names.join(' ')}`);
  return files;
}

/** Where the compiler puts a test. */
export function compiled(file: string): string {
  return join('.build', file.replace(/\.ts$/, '.js'));
}
