import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The path of the program made of the C files of a directory, linked statically. Built on first use and kept in `.cache/` under
 * a name that holds a hash of its sources; test files that run at the same time each build it and rename it into place.
 */
export function cProgram(directory: string, flags: readonly string[] = []): Promise<string> {
  return built(directory, '', ['-static', ...flags]);
}

/** The same for an addon of Node. */
export function cAddon(directory: string): Promise<string> {
  return built(directory, '.node', ['-shared', '-fPIC']);
}

async function built(directory: string, suffix: string, flags: readonly string[]): Promise<string> {
  const sources = resolve(directory);
  const hash = createHash('sha256').update(flags.join(' '));
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  const program = resolve(`.cache/${basename(sources)}-${hash.digest('hex').slice(0, 16)}${suffix}`);
  if (existsSync(program)) return program;
  const files = readdirSync(sources).filter((name) => name.endsWith('.c'));
  await compile(
    files.map((name) => join(sources, name)),
    program,
    ['-O1', '-D_GNU_SOURCE', ...flags],
  );
  return program;
}

/** Compiles C sources to a program. It appears under its name whole or not at all. */
export async function compile(
  files: readonly string[],
  program: string,
  flags: readonly string[],
): Promise<void> {
  await mkdir(resolve(program, '..'), { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'anchor-cc-'));
  try {
    const output = join(scratch, 'program');
    await run('cc', ['-Wall', '-Wextra', '-Werror', '-s', ...flags, '-o', output, ...files]);
    await chmod(output, 0o755);
    const beside = `${program}.${basename(scratch)}`;
    await run('cp', [output, beside]);
    await rename(beside, program);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
