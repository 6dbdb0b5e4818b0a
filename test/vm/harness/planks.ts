import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildPlank } from '../../../src/plank/build.js';
import { makeBusyboxTree } from '../../helpers/image.js';
import { cache, once, repository } from './paths.js';
import { fileStamp, runTool, stamp, tool } from './tools.js';

const sources = join(repository, 'test', 'vm', 'programs');

/** A directory with `test.sqsh` and `test.erofs`: busybox, and in /bin the programs of test/vm/programs, linked statically. */
export function obtainPlanks(): Promise<string> {
  const programs = readdirSync(sources).filter((file) => file.endsWith('.c'));
  const texts = programs.map((file) => readFileSync(join(sources, file)));
  const tree = readFileSync(new URL('../../helpers/image.js', import.meta.url));
  const name = stamp([tree, ...programs, ...texts, ...[tool('busybox'), tool('cc')].map(fileStamp)]);
  return once(join(cache, 'planks', name), async (directory) => {
    const source = join(directory, 'root');
    mkdirSync(source);
    await makeBusyboxTree(source);
    for (const file of programs) {
      const program = join(source, 'bin', basename(file, '.c'));
      runTool('cc', ['-static', '-O1', '-Wall', '-Wextra', '-Werror', '-o', program, join(sources, file)]);
    }
    await buildPlank({ source, output: join(directory, 'test.sqsh'), format: 'squashfs' });
    await buildPlank({ source, output: join(directory, 'test.erofs'), format: 'erofs' });
    rmSync(source, { recursive: true });
  });
}
