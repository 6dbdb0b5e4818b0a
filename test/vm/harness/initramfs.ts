import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { GuestKernel } from './kernel.js';
import { cache, once, repository } from './paths.js';
import { fileStamp, runTool, stamp, tool } from './tools.js';

/** What the guest itself needs, and what rooms need of a host. Everything else is built into Debian's kernel. */
const wantedModules = [
  ...['virtio_pci', 'virtio_blk', 'virtio_console', 'loop', 'squashfs', 'overlay', 'erofs'],
  // Disks that fail, lie and are recorded; FAT32 and what its names are written in.
  ...['dm_mod', 'dm_flakey', 'dm_log_writes', 'vfat', 'nls_cp437', 'nls_ascii'],
];

/** What sticks have; nothing in the guest could load it later. */
const stickModules = ['vfat', 'nls_cp437', 'nls_ascii'];

/** The kernel for all machines has it all in modules. */
const fullModules = ['ext4', 'xhci_pci', 'usb_storage', 'sd_mod'];

/**
 * A small archive with busybox, the modules in the order to load them, and the first init. It is not compressed: an
 * emulated processor takes longer to unpack it than to copy it.
 */
export async function obtainInitramfs(kernel: GuestKernel): Promise<string> {
  const init = join(repository, 'scripts', 'vm', 'guest', 'init');
  const name = stamp([
    kernel.release,
    fileStamp(tool('busybox')),
    readFileSync(init),
    modulesFor(kernel).join(),
  ]);
  const made = await once(join(cache, 'initramfs', `${kernel.release}-${name}`), (directory) => {
    const root = join(directory, 'root');
    for (const folder of ['bin', 'dev', 'proc', 'sys', 'modules', 'newroot']) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    copyFileSync(tool('busybox'), join(root, 'bin', 'busybox'));
    copyFileSync(init, join(root, 'init'));
    chmodSync(join(root, 'init'), 0o755);
    const files = moduleFiles(kernel).map((path) => copyModule(path, join(root, 'modules')));
    writeFileSync(join(root, 'modules', 'order'), files.map((file) => `${file}\n`).join(''));
    execFileSync('/bin/sh', ['-c', 'find . | "$0" cpio -o -H newc > ../initramfs.cpio', tool('busybox')], {
      cwd: root,
      stdio: 'ignore',
    });
    rmSync(root, { recursive: true });
  });
  return join(made, 'initramfs.cpio');
}

function modulesFor({ flavour }: GuestKernel): readonly string[] {
  return [...wantedModules, ...stickModules, ...(flavour === 'full' ? fullModules : [])];
}

/** The modules and all they stand on, in the order of loading. */
function moduleFiles(kernel: GuestKernel): readonly string[] {
  const lines = modulesFor(kernel).flatMap((module) =>
    runTool('modprobe', ['-d', kernel.tree, '-S', kernel.release, '--show-depends', module]).split('\n'),
  );
  const files = lines.map((line) => /^insmod (\S+)/.exec(line)?.[1]).filter((file) => file !== undefined);
  return [...new Set(files)];
}

/** busybox loads plain modules only; newer packages compress theirs. */
function copyModule(path: string, directory: string): string {
  const copy = join(directory, basename(path));
  copyFileSync(path, copy);
  if (!path.endsWith('.xz')) return basename(copy);
  runTool('xz', ['-d', copy]);
  return basename(copy, '.xz');
}
