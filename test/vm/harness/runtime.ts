import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { joinRunner } from './modules.js';
import { cache, once, repository } from './paths.js';
import { fileStamp, librariesOf, runTool, stamp, tool } from './tools.js';

/** Programs of this machine that the suites call in the guest. */
const programs = [
  'mksquashfs',
  'unsquashfs',
  'mkfs.erofs',
  'blkid',
  'losetup',
  'mkfs.ext4',
  'mkfs.vfat',
  'dmsetup',
];

/** Packages of node_modules that the library itself needs; with all they stand on. */
const modules = ['bindings'];

/** The part of the guest's root that seldom changes: this very Node, busybox as the userland, tools, node_modules. */
export async function obtainRuntime(): Promise<string> {
  const copied = [process.execPath, tool('busybox'), ...programs.map(tool)];
  const lock = readFileSync(join(repository, 'package-lock.json'));
  const name = stamp(['3', process.version, lock, ...copied.map(fileStamp)]);
  const made = await once(join(cache, 'runtime', name), async (directory) => {
    const root = join(directory, 'root');
    makeSkeleton(root);
    for (const program of copied) copyProgram(program, root);
    for (const applet of runTool('busybox', ['--list']).trim().split('\n')) linkApplet(root, applet);
    copyModules(join(root, 'repo'));
    await joinRunner(join(root, 'repo'));
    // Uncompressed: reading a disk of the host costs an emulated processor nothing, unpacking costs seconds.
    const plain = ['-noI', '-noD', '-noF', '-noX', '-all-root', '-no-progress', '-quiet'];
    runTool('mksquashfs', [root, join(directory, 'runtime.sqsh'), ...plain]);
    rmSync(root, { recursive: true });
  });
  return join(made, 'runtime.sqsh');
}

function makeSkeleton(root: string): void {
  const folders = ['dev', 'etc', 'mnt', 'proc', 'repo', 'root', 'run', 'sys', 'tmp', 'usr', 'var'];
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', folder));
    symlinkSync(`usr/${folder}`, join(root, folder));
  }
  const files = {
    passwd: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    group: 'root:x:0:\nnogroup:x:65534:\n',
    hosts: '127.0.0.1 localhost guest\n',
    'os-release': 'ID=anchor-guest\nPRETTY_NAME="guest of the anchor-rooms tests"\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'etc', name), text);
}

function copyProgram(program: string, root: string): void {
  cpSync(program, join(root, 'usr', 'bin', basename(program)), { dereference: true });
  for (const library of librariesOf(program)) {
    const copy = join(root, library);
    mkdirSync(dirname(copy), { recursive: true });
    if (!existsSync(copy)) cpSync(library, copy, { dereference: true });
  }
}

function linkApplet(root: string, applet: string): void {
  const link = join(root, 'usr', 'bin', applet);
  if (!existsSync(link)) symlinkSync('busybox', link);
}

/** Copies what Node's own resolution would find, starting from the repository; nothing else of 160 MB. */
function copyModules(target: string): void {
  const found = new Set<string>();
  const visit = (name: string, from: string): void => {
    const directory = resolveModule(name, from);
    if (directory === undefined || found.has(directory)) return;
    found.add(directory);
    const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
    for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      visit(dependency, directory);
    }
  };
  for (const name of modules) visit(name, repository);
  for (const directory of found) {
    cpSync(directory, join(target, directory.slice(repository.length)), {
      recursive: true,
      dereference: true,
      filter: (source) => source === directory || basename(source) !== 'node_modules',
    });
  }
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function resolveModule(name: string, from: string): string | undefined {
  for (let directory = from; directory.startsWith(repository); directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  return undefined;
}
