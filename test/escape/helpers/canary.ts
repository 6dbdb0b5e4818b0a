import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { mountable } from '../../helpers/room.js';

/**
 * A directory of the host that no room may touch. It has an entry for each thing that is made or mounted while a room is
 * put together, so that whoever is led here by a link finds what he looks for.
 */
export interface Canary {
  readonly directory: string;
  /** Content of every file in it: where this text appears in a room, the room has read the host. */
  readonly token: string;
  /** Fails the test when anything in it is not as it was made. */
  intact(t: ExecutionContext, message?: string): void;
}

const files = [
  'null',
  'zero',
  'full',
  'random',
  'urandom',
  'tty',
  'ptmx',
  'console',
  'core_pattern',
  'passwd',
  'group',
  'secret',
];
const directories = ['pts', 'shm', 'mqueue', 'kernel', 'sys', 'self', 'fs', 'new', 'etc'];

export async function makeCanary(t: ExecutionContext): Promise<Canary> {
  const directory = await mkdtemp(join(mountable, 'anchor-canary-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const token = `canary-${randomBytes(12).toString('hex')}`;
  for (const name of directories) await mkdir(join(directory, name));
  for (const name of [...files, 'kernel/core_pattern', 'etc/passwd'])
    await writeFile(join(directory, name), `${token}\n`);
  // Open to everybody: only the walls of the room keep it away.
  await chmod(directory, 0o777);
  for (const name of [...directories, ...files]) await chmod(join(directory, name), 0o777);
  const before = fingerprint(directory);
  return {
    directory,
    token,
    intact: (test, message) => test.deepEqual(fingerprint(directory), before, message),
  };
}

/** Everything below a directory: what it is, whose, when it was changed last (which no program can set back), and its content. */
export function fingerprint(directory: string): string[] {
  const look = (path: string): string[] => {
    const stats = lstatSync(path, { bigint: true });
    const { mode, uid, gid, nlink, size, ino, ctimeNs } = stats;
    const facts = [mode.toString(8), uid, gid, nlink, size, ino, ctimeNs].join(' ');
    const line = `${path.slice(directory.length)} ${facts}`;
    if (stats.isDirectory())
      return [
        line,
        ...readdirSync(path)
          .sort()
          .flatMap((name) => look(join(path, name))),
      ];
    if (stats.isSymbolicLink()) return [`${line} ${readlinkSync(path)}`];
    return [stats.isFile() ? `${line} ${digestOf(path)}` : line];
  };
  return look(directory);
}

export function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** What a program would change that has got out: what the kernel runs, and what is mounted where. */
export interface HostFacts {
  readonly values: Readonly<Record<string, string>>;
  readonly mounts: readonly string[];
}

const values = [
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/kernel/modprobe',
  '/proc/sys/kernel/sysrq',
  '/proc/sys/fs/suid_dumpable',
  '/etc/passwd',
];

/** Mounts of tests that run at the same time lie below the directory for temporary files; rooms must not make any. */
export function hostFacts(): HostFacts {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return 'absent';
    }
  };
  return {
    values: { hostname: hostname(), ...Object.fromEntries(values.map((path) => [path, read(path)])) },
    mounts: mountPoints().filter((point) => !point.startsWith(`${tmpdir()}/`)),
  };
}

/** Mount points in the namespace of this process. */
export function mountPoints(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .sort();
}
