import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { buildPlank } from '../../src/plank/build.js';
import type { PlankFormat } from '../../src/plank/header.js';

const run = promisify(execFile);

const busybox = '/bin/busybox';

/** Changes the name of the cached image when what is in it changes. */
const layout = {
  directories: ['bin', 'dev', 'etc', 'proc', 'root', 'run', 'sys', 'tmp', 'usr', 'var', 'home/app'],
  links: { sbin: 'bin', 'usr/bin': '../bin', 'usr/sbin': '../bin' },
  files: {
    'etc/passwd':
      'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    'etc/group': 'root:x:0:\ntty:x:5:\nstaff:x:50:app\napp:x:1000:\nnogroup:x:65534:\n',
  },
};

/** A directory that goes away with the test. */
export async function scratch(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.teardown(async () => {
    // What was unpacked may be read-only, which stops everybody but root.
    await run('chmod', ['-R', 'u+rwX', directory]);
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
}

/**
 * Fills an existing directory with a busybox system: every applet in /bin (/sbin, /usr/bin and /usr/sbin are links to it),
 * users root, app (1000, also in the group staff, 50) and nobody (65534), empty /dev /proc /sys /run, /tmp with mode 1777.
 */
export async function makeBusyboxTree(directory: string): Promise<void> {
  for (const path of layout.directories) await mkdir(join(directory, path), { recursive: true, mode: 0o755 });
  for (const [path, target] of Object.entries(layout.links)) await symlink(target, join(directory, path));
  for (const [path, text] of Object.entries(layout.files)) await writeFile(join(directory, path), text);
  await copyFile(busybox, join(directory, 'bin/busybox'));
  const { stdout } = await run(busybox, ['--list']);
  for (const applet of stdout.split('\n'))
    if (applet !== '' && applet !== 'busybox') await symlink('busybox', join(directory, 'bin', applet));
  // chmod(1): unlike mkdir(2) it is not subject to the umask of whoever runs the tests.
  await run('chmod', ['-R', 'u=rwX,go=rX', directory]);
  await run('chmod', ['1777', join(directory, 'tmp')]);
  await run('chmod', ['0700', join(directory, 'root')]);
}

/**
 * The path of a small busybox plank, built on first use and kept in `.cache/` under a name that holds a hash of its inputs.
 * Safe to call from several processes at once: each builds the same bytes and renames them into place.
 */
export async function busyboxPlank(format: PlankFormat = 'squashfs'): Promise<string> {
  const program = await readFile(busybox).catch((cause: unknown) => {
    throw new Error(`tests need a static busybox at ${busybox}: apt-get install busybox-static`, { cause });
  });
  if (hasInterpreter(program))
    throw new Error(`${busybox} is dynamically linked: apt-get install busybox-static`);
  const key = createHash('sha256').update(JSON.stringify(layout)).update(program).digest('hex').slice(0, 16);
  const cache = resolve('.cache');
  const output = join(cache, `busybox-${key}.${format === 'squashfs' ? 'sqsh' : 'erofs'}`);
  const there = await access(output).then(
    () => true,
    () => false,
  );
  if (there) return output;

  await mkdir(cache, { recursive: true });
  const tree = await mkdtemp(join(tmpdir(), 'anchor-busybox-'));
  try {
    await makeBusyboxTree(tree);
    await buildPlank({ source: tree, output, format });
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
  return output;
}

/** True for an ELF64 program that needs a dynamic loader: one of its program headers is PT_INTERP (elf(5)). */
function hasInterpreter(program: Buffer): boolean {
  const start = Number(program.readBigUInt64LE(32));
  const entry = program.readUInt16LE(54);
  const count = program.readUInt16LE(56);
  return Array.from({ length: count }, (_, i) => program.readUInt32LE(start + i * entry)).includes(3);
}
