import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '../paths.js';
import { runProgram } from './programs.js';

/** Flags for the programs the rooms run: no libc, no loader, no build id; 5 kB. */
const bareFlags = [
  ...[
    '-Os',
    '-static',
    '-nostdlib',
    '-ffreestanding',
    '-fno-stack-protector',
    '-fno-asynchronous-unwind-tables',
  ],
  ...['-Wl,--build-id=none', '-s'],
];

export function compileTiny(): Promise<string> {
  return compile('tiny', bareFlags, ['tiny.c', 'bare.h']);
}

export function compileIdle(): Promise<string> {
  return compile('idle', bareFlags, ['idle.c', 'bare.h']);
}

export function compileFloor(): Promise<string> {
  return compile('floor', ['-std=gnu11', '-O2'], ['floor.c', 'lane.c', 'lane.h', 'calls.h']);
}

/** Compiles files of `bench/floor` unless that was done already with the same texts and flags; returns the binary. */
async function compile(name: string, flags: readonly string[], files: readonly string[]): Promise<string> {
  const sources = files.map((file) => join(paths.floor, file));
  const texts = await Promise.all(sources.map((source) => readFile(source)));
  const binary = join(paths.cache, `${name}-${shortDigest(...texts, flags.join(' '))}`);
  if (existsSync(binary)) return binary;
  const fresh = `${binary}.${process.pid}`;
  const units = sources.filter((source) => source.endsWith('.c'));
  await runProgram('cc', ['-Wall', '-Wextra', ...flags, '-o', fresh, ...units]);
  await rename(fresh, binary);
  return binary;
}

/** Names things in the cache by what they were made from, so that a changed source makes a new one. */
export function shortDigest(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 12);
}
