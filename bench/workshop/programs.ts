import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** A contender that cannot run here; the message says why and is printed beside its name. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** Runs a program to its end and returns its stdout; a failure rejects with what it wrote to stderr. */
export function runProgram(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { encoding: 'utf8', maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program}: ${stderr.trim() || error.message}`));
    });
  });
}

/**
 * Where a program is: the path in the environment variable `BENCH_<NAME>`, so that several versions can be compared,
 * else the first one in PATH. Throws {@link Unavailable} when there is none.
 */
export async function findProgram(name: string): Promise<string> {
  const override = process.env[`BENCH_${name.toUpperCase()}`];
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const candidates = override
    ? [override]
    : [...directories, '/usr/sbin', '/sbin'].map((dir) => join(dir, name));
  for (const path of candidates) {
    if (await isExecutable(path)) return path;
  }
  throw new Unavailable(override ? `${override} cannot be executed` : `${name} is not installed`);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
