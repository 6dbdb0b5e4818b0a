import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import type { RoomSpec } from '../../../src/index.js';
import type { Rooms } from '../../helpers/room.js';
import { lines } from '../../helpers/room.js';

const run = promisify(execFile);

const sources = resolve('test/escape/programs/hostile');

/** Where rooms find the program. */
const inRoom = '/usr/local/bin/hostile';

/**
 * The path of the program made of test/escape/programs/hostile: one static file with every attack that a shell cannot make.
 * Built on first use and kept in `.cache/` under a name that holds a hash of its sources; test files that run at the same
 * time each build it and rename it into place.
 */
export function hostileProgram(): Promise<string> {
  return (built ??= buildOnce());
}

let built: Promise<string> | undefined;

async function buildOnce(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  const program = resolve(`.cache/hostile-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  const files = readdirSync(sources).filter((name) => name.endsWith('.c'));
  await compile(
    files.map((name) => join(sources, name)),
    program,
    ['-O1', '-pthread', '-D_GNU_SOURCE'],
  );
  return program;
}

/** Compiles C sources to a static program. It appears under its name whole or not at all. */
export async function compile(
  files: readonly string[],
  program: string,
  flags: readonly string[],
): Promise<void> {
  await mkdir(resolve(program, '..'), { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'anchor-cc-'));
  try {
    const output = join(scratch, 'program');
    await run('cc', ['-Wall', '-Wextra', '-Werror', '-static', '-s', ...flags, '-o', output, ...files]);
    await chmod(output, 0o755);
    const beside = `${program}.${basename(scratch)}`;
    await run('cp', [output, beside]);
    await rename(beside, program);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A spec with the program in it: a read-only file of the host, so that the plank stays the one that all rooms share. */
export async function armed(more: Partial<RoomSpec> = {}): Promise<Partial<RoomSpec>> {
  const mounts = [...(more.mounts ?? []), { host: await hostileProgram(), at: inRoom }];
  return { ...more, mounts };
}

/** The lines that an attack prints. The test fails when the program does not come to its end. */
export async function attack(
  t: ExecutionContext,
  rooms: Rooms,
  argv: readonly string[],
  more: Partial<RoomSpec> = {},
): Promise<string[]> {
  const { stdout, stderr, outcome } = await rooms.anchor.run(
    rooms.spec(['hostile', ...argv], await armed(more)),
  );
  t.is(outcome.exitCode, 0, `hostile ${argv.join(' ')}: ${outcome.reason} ${stderr}`);
  return lines(stdout);
}
