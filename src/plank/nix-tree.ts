import { chmod, copyFile, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buildFailure, systemFailure, toolFailure } from './build-failure.js';
import type { Leftovers } from './leftovers.js';
import { requireTool, runTool } from './tool.js';

/** What nix-bin of Debian installs as links to `nix`: the name chooses what it does. */
const otherNames = [
  'nix-build',
  'nix-channel',
  'nix-collect-garbage',
  'nix-copy-closure',
  'nix-daemon',
  'nix-env',
  'nix-hash',
  'nix-instantiate',
  'nix-prefetch-url',
  'nix-shell',
  'nix-store',
];

/** Opened at run time, so that ldd does not see them: the end of a thread, and the look-up of a name. */
const openedLater = ['/lib/x86_64-linux-gnu/libgcc_s.so.1', '/lib/x86_64-linux-gnu/libnss_dns.so.2'];

const directories = [
  ...['dev', 'etc/nix', 'home', 'nix/store', 'nix/var/nix', 'proc', 'root', 'run', 'sys', 'tmp', 'vault'],
  ...['usr/bin', 'usr/lib', 'usr/lib64', 'usr/libexec/nix', 'usr/share', 'var/tmp'],
];

const temporary = ['tmp', 'var/tmp'];

const links = {
  bin: 'usr/bin',
  sbin: 'usr/bin',
  lib: 'usr/lib',
  lib64: 'usr/lib64',
  'usr/sbin': 'bin',
  // Asked for each build whether it would rather do it elsewhere.
  'usr/libexec/nix/build-remote': '../../bin/nix',
};

/**
 * No substituter: one that cannot be reached is waited for at each command. No fallback: without its sandbox Nix would build as if
 * nothing were missing.
 */
const configuration = [
  'experimental-features = nix-command flakes',
  'substituters =',
  'build-users-group =',
  'flake-registry = /etc/nix/registry.json',
  'sandbox = true',
  'sandbox-fallback = false',
  '',
].join('\n');

const files = {
  'etc/group': 'root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n',
  'etc/nix/nix.conf': configuration,
  'etc/nix/registry.json': '{"flakes":[],"version":2}\n',
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/sh',
    'user:x:1000:1000:user:/home:/bin/sh',
    'nobody:x:65534:65534:nobody:/:/bin/false',
    '',
  ].join('\n'),
};

/** How the programs of the machine are found and run. */
interface TreeWork {
  readonly signal: AbortSignal | undefined;
  readonly leftovers: Leftovers;
}

/**
 * A system for rooms with nothing in it but Nix, bash and busybox, copied from the packages of this machine. All of Nix lies outside of
 * /nix, so that a store can be mounted there.
 */
export async function makeNixTree(tree: string, work: TreeWork): Promise<void> {
  const nix = await program('nix');
  const busybox = await program('busybox');
  const bash = await program('bash');
  const applets = await linesOf('busybox', ['--list'], work);
  const libraries = await librariesOf([nix, busybox, bash], work);
  try {
    for (const path of directories) await makeDirectory(tree, path);
    for (const path of temporary) await chmod(join(tree, path), 0o1777);
    for (const [path, to] of Object.entries(links)) await symlink(to, join(tree, path));
    for (const [path, text] of Object.entries(files)) {
      await writeFile(join(tree, path), text);
      await chmod(join(tree, path), 0o644);
    }
    for (const path of [nix, busybox, bash]) await copy(path, join(tree, 'usr/bin', basename(path)));
    for (const name of otherNames) await symlink('nix', join(tree, 'usr/bin', name));
    const own = new Set(['bash', 'busybox', 'nix']);
    for (const name of applets) if (!own.has(name)) await symlink('busybox', join(tree, 'usr/bin', name));
    for (const library of [...libraries, ...openedLater]) {
      const path = placeOf(library);
      await makeDirectory(tree, dirname(path));
      await copy(library, join(tree, path));
    }
  } catch (error) {
    throw systemFailure(error, 'the tree of a plank with Nix cannot be made', {
      step: 'plank.nix',
      path: tree,
    });
  }
}

// Modes are said, or the umask of whoever builds would be in the plank.

async function makeDirectory(tree: string, path: string): Promise<void> {
  const parent = dirname(path);
  if (parent !== '.') await makeDirectory(tree, parent);
  const made = await mkdir(join(tree, path)).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    },
  );
  if (made) await chmod(join(tree, path), 0o755);
}

async function copy(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await chmod(to, 0o755);
}

/** Without links: /usr/bin/nix may lead into a store. */
async function program(name: 'nix' | 'busybox' | 'bash'): Promise<string> {
  const path = await realpath(await requireTool(name));
  if (basename(path) === name) return path;
  throw buildFailure(`${name} is ${path}, and not the program of a Debian package`, {
    step: 'plank.nix',
    path,
  });
}

/** Paths of the loader and of all libraries that programs are linked with, each once; none for a static one. */
async function librariesOf(programs: readonly string[], work: TreeWork): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const each of programs)
    for (const line of await linesOf('ldd', [each], work)) {
      if (line.includes('not found'))
        throw buildFailure(`${each} has a library that is not there: ${line.trim()}`, {
          step: 'plank.nix',
          path: each,
        });
      const path = /(?:=> |^\s*)(\/\S+)/.exec(line)?.[1];
      if (path !== undefined) found.add(path);
    }
  return [...found].sort();
}

/** As a system has it whose /lib is a link to usr/lib. */
function placeOf(library: string): string {
  return library.startsWith('/usr/') ? library.slice(1) : join('usr', library);
}

async function linesOf(
  tool: 'busybox' | 'ldd',
  args: readonly string[],
  { signal, leftovers }: TreeWork,
): Promise<readonly string[]> {
  let text = '';
  const path = await requireTool(tool);
  const onOutput = (piece: string): void => void (text += piece);
  const end = await runTool({ path, args, signal, leftovers, onOutput });
  // What ldd says of a program that is linked with nothing.
  if (!end.ok && !`${text}${end.stderr}`.includes('not a dynamic executable'))
    throw toolFailure(tool, end, 'plank.nix', args[0] ?? '');
  return end.ok ? text.split('\n').filter((line) => line.trim() !== '') : [];
}
