import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { toolEnvironment } from '../../vm/harness/paths.js';
import { runTool, tool } from '../../vm/harness/tools.js';

const run = promisify(execFile);

/** Texts for people, which no program asks for. */
const left = ['doc', 'doc-base', 'i18n', 'info', 'lintian', 'locale', 'man', 'bash-completion'];

/** What maintainer scripts would have written: their results, by hand. */
const files = {
  'etc/group': 'root:x:0:\ntty:x:5:\npostgres:x:105:\napp:x:1000:\nnogroup:x:65534:\n',
  'etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  'etc/passwd': [
    'root:x:0:0:root:/root:/bin/bash',
    'postgres:x:105:105:PostgreSQL administrator:/var/lib/postgresql:/bin/bash',
    'app:x:1000:1000:app:/home/app:/bin/bash',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    '',
  ].join('\n'),
};

/** Links of update-alternatives. */
const alternatives = { awk: 'mawk', c89: 'c89-gcc', c99: 'c99-gcc', cc: 'gcc' };

/** Unpacks packages and does what their maintainer scripts would do: on this machine no script of a package is ever run. */
export async function makeTree(archives: readonly string[], tree: string): Promise<void> {
  await unpackAll(archives, tree);
  for (const folder of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) mergeIntoUsr(tree, folder);
  for (const folder of left) rmSync(join(tree, 'usr/share', folder), { recursive: true, force: true });
  for (const folder of ['dev', 'home/app', 'proc', 'root', 'run', 'sys', 'tmp', 'var/tmp'])
    mkdirSync(join(tree, folder), { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(tree, path), text);
  for (const [name, program] of Object.entries(alternatives)) linkProgram(tree, name, program);
  linkPostgres(tree);
  runTool('chmod', ['1777', join(tree, 'tmp'), join(tree, 'var/tmp')]);
  // Reads and writes in the tree alone, with chroot(2).
  runTool('ldconfig', ['-r', tree]);
  // Inode numbers and times of this machine, which would make every plank another one.
  rmSync(join(tree, 'var/cache/ldconfig'), { recursive: true, force: true });
}

async function unpackAll(archives: readonly string[], tree: string): Promise<void> {
  const waiting = [...archives];
  const worker = async (): Promise<void> => {
    for (let archive = waiting.shift(); archive !== undefined; archive = waiting.shift())
      await run(tool('dpkg-deb'), ['-x', archive, tree], { env: toolEnvironment });
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/** Packages of Debian 12 still have files in /bin and /lib; on a Debian those are links into /usr. */
function mergeIntoUsr(tree: string, folder: string): void {
  const path = join(tree, folder);
  const merged = join(tree, 'usr', folder);
  if (existsSync(path) && !lstatSync(path).isSymbolicLink()) {
    cpSync(path, merged, { recursive: true, verbatimSymlinks: true, errorOnExist: true, force: false });
    rmSync(path, { recursive: true });
  }
  if (existsSync(merged) && !existsSync(path)) symlinkSync(`usr/${folder}`, path);
}

/** Its programs lie below the number of a version; in `bin` the tests find them whatever that is. */
function linkPostgres(tree: string): void {
  const folder = join(tree, 'usr/lib/postgresql');
  const [version] = existsSync(folder) ? readdirSync(folder) : [];
  if (version !== undefined) symlinkSync(`${version}/bin`, join(folder, 'bin'));
}

function linkProgram(tree: string, name: string, program: string): void {
  const link = join(tree, 'usr/bin', name);
  if (existsSync(join(dirname(link), program)) && !existsSync(link)) symlinkSync(program, link);
}
