import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { toolEnvironment } from './paths.js';

/** Something the guest needs is not on this machine; `hint` says how to get it. */
export class MissingError extends Error {
  override readonly name = 'MissingError';
}

/** What a Debian machine installs to be able to run the guest. */
const packages: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  'mkfs.erofs': 'erofs-utils',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.vfat': 'dosfstools',
  'qemu-system-x86_64': 'qemu-system-x86',
  blkid: 'util-linux',
  losetup: 'util-linux',
  busybox: 'busybox-static',
  cc: 'gcc libc6-dev',
  depmod: 'kmod',
  dmsetup: 'dmsetup',
  ldd: 'libc-bin',
  mksquashfs: 'squashfs-tools',
  modprobe: 'kmod',
  unsquashfs: 'squashfs-tools',
  xz: 'xz-utils',
};

/** Absolute path of a tool; throws MissingError naming the package that has it. */
export function tool(name: string): string {
  for (const directory of (toolEnvironment['PATH'] ?? '').split(':')) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  throw new MissingError(`${name} is not installed (package ${packages[name] ?? name})`);
}

/** Runs a tool to its end and returns what it printed; what it complained about is in the error. */
export function runTool(name: string, args: readonly string[], cwd?: string): string {
  return execFileSync(tool(name), args, {
    encoding: 'utf8',
    env: toolEnvironment,
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** A name for "made from these": short, and different when any part differs. */
export function stamp(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(String(part.length)).update(':').update(part);
  return hash.digest('hex').slice(0, 16);
}

/** A large file by what changes when it is replaced, without reading it. */
export function fileStamp(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${path} ${size} ${mtimeMs}`;
}

/** The shared libraries of a program, as their names in the program's own file system. */
export function librariesOf(program: string): readonly string[] {
  try {
    return [...runTool('ldd', [program]).matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? '');
  } catch (error) {
    if (error instanceof MissingError) throw error;
    return []; // static programs make ldd fail
  }
}
