// Runs before `npm pack`: builds everything and puts the two binaries where an installed package looks for them, so
// that installing needs neither a compiler nor an install script.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureModules } from './setup/modules.mjs';
import { ensureNative } from './setup/native.mjs';
import { root, run } from './setup/run.mjs';
import { ensureTypeScript } from './setup/typescript.mjs';

const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
const target = join(root, 'prebuilds', `${process.platform}-${process.arch}-${libc}`);

ensureModules();
ensureNative();
// A file whose source is gone must not be published.
rmSync(join(root, 'dist'), { recursive: true, force: true });
ensureTypeScript(['tsconfig.json']);

rmSync(join(root, 'prebuilds'), { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const name of ['anchor_rooms.node', 'room-init']) {
  const file = join(target, name);
  copyFileSync(join(root, 'build/Release', name), file);
  run(`stripping ${name}`, 'strip', ['--strip-unneeded', file]);
}
