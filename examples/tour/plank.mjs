// A plank out of what the machine has: one static busybox and the names it goes by.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lays out the tree of a plank and returns its path. */
export function layOut(directory) {
  const busybox = findBusybox();
  const tree = join(directory, 'tree');
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root'])
    mkdirSync(join(tree, name), { recursive: true });
  copyFileSync(busybox, join(tree, 'bin/busybox'));
  copyFileSync(new URL('inside.sh', import.meta.url), join(tree, 'bin/inside'));
  chmodSync(join(tree, 'bin/inside'), 0o755);
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  for (const applet of applets.filter((name) => name !== 'busybox'))
    symlinkSync('busybox', join(tree, 'bin', applet));
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\n');
  return tree;
}

function findBusybox() {
  const path = ['/usr/bin/busybox', '/bin/busybox', '/usr/lib/initramfs-tools/bin/busybox'].find((file) =>
    existsSync(file),
  );
  if (path !== undefined) return path;
  throw new Error('no busybox on this machine: apt-get install busybox-static');
}
