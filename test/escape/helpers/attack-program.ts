import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const sources = resolve('test/escape/programs');
const cache = resolve('.cache');

/** The path of a program of test/escape/programs, linked statically. */
export function attackProgram(name: string): Promise<string> {
  return compiled(name, ['-static', '-s']);
}

const bare = ['-nostdlib', '-fno-stack-protector'];

/** A program that says `text` and needs nothing: no library, no interpreter. */
export function talkingProgram(text: string): Promise<string> {
  return compiled('interpreted', [...bare, '-static', `-DSAYS=${JSON.stringify(text)}`]);
}

/** Builds all that escape tests need, for a machine without a compiler and without `sources`. */
export async function buildAttackPrograms(): Promise<readonly string[]> {
  const names = readdirSync(sources)
    .filter((name) => name.endsWith('.c') && !name.startsWith('interpreted') && !name.startsWith('stranger'))
    .map((name) => basename(name, '.c'));
  return Promise.all(names.map(attackProgram));
}

/** As long as an interpreter may be here. The kernel takes PATH_MAX. */
const longest = 400;

/** Writes a program whose interpreter (PT_INTERP) is this path: what the path leads to is what really runs. */
export async function programWithInterpreter(interpreter: string, output: string): Promise<void> {
  if (Buffer.byteLength(interpreter) >= longest) throw new Error(`${interpreter} is too long`);
  const blank = 'I'.repeat(longest);
  const flags = ['-fpie', '-pie', `-Wl,--dynamic-linker=${blank}`, '-DSAYS="the program itself"'];
  const image = await readFile(await compiled('interpreted', [...bare, ...flags]));
  const at = image.indexOf(blank);
  image.fill(0, at, at + longest);
  image.write(interpreter, at);
  await writeFile(output, image);
  await chmod(output, 0o755);
}

/**
 * Compiled on first use and kept in `.cache/` under a hash of its source; several processes may ask at once, each renames
 * the same program into place.
 */
async function compiled(name: string, flags: readonly string[]): Promise<string> {
  const source = join(sources, `${name}.c`);
  const hash = createHash('sha256').update(readFileSync(source)).update(flags.join(' '));
  const output = join(cache, `attack-${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(output)) return output;
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, 'compile-'));
  try {
    const program = join(directory, name);
    await run('cc', ['-O1', '-Wall', '-Wextra', '-Werror', ...flags, '-o', program, source]);
    await rename(program, output);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return output;
}
