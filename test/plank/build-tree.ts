import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { link, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { scratch } from '../helpers/image.js';

/** The same small system every time; `variant` changes everything that must not matter. */
async function makeTree(directory: string, variant: 'plain' | 'odd' = 'plain'): Promise<void> {
  await mkdir(join(directory, 'usr/lib'), { recursive: true });
  await mkdir(join(directory, 'tmp'));
  chmodSync(join(directory, 'tmp'), 0o1777);
  const text = 'the same bytes in two files\n'.repeat(1000);
  await writeFile(join(directory, 'usr/lib/one'), text);
  if (variant === 'odd') await link(join(directory, 'usr/lib/one'), join(directory, 'usr/lib/two'));
  else await writeFile(join(directory, 'usr/lib/two'), text);
  for (let i = 0; i < 40; i++) {
    const path = join(directory, 'usr/lib', `data-${i}`);
    await writeFile(path, Buffer.alloc(9000 * (i % 5), `${i}-`));
    if (variant === 'odd') await utimes(path, 1_000_000 + i, 2_000_000 + i);
  }
  await writeFile(join(directory, 'usr/run-me'), '#!/bin/sh\n');
  chmodSync(join(directory, 'usr/run-me'), 0o4755);
  await symlink('usr/lib', join(directory, 'lib'));
  execFileSync('chmod', ['-R', 'u+rwX,go=rX', join(directory, 'usr')]);
  chmodSync(join(directory, 'usr/run-me'), 0o4755);
  chmodSync(directory, 0o755);
}

export async function tree(t: ExecutionContext, variant?: 'plain' | 'odd'): Promise<string> {
  const directory = join(await scratch(t), 'tree');
  await mkdir(directory);
  await makeTree(directory, variant);
  return directory;
}

export function tar(source: string, ...options: string[]): Buffer {
  return execFileSync('tar', ['--create', '--file=-', `--directory=${source}`, ...options], {
    maxBuffer: 64 * 1024 * 1024,
  });
}
