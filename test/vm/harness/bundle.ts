import { cpSync, mkdirSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { busyboxPlank } from '../../helpers/image.js';
import { roomPlank } from '../../helpers/room.js';
import { buildAttackPrograms } from '../../escape/helpers/attack-program.js';
import { hostileProgram } from '../../escape/helpers/hostile-program.js';
import { repository } from './paths.js';
import { obtainPlanks } from './planks.js';
import { compiled } from './test-files.js';
import { runTool } from './tools.js';

/** Whoever wants a program of these looks at its source to know which. */
const attackSources = 'test/escape/programs';

/** Parts of the repository that tests load or read at run time. */
const parts = ['.build', 'build/Release', 'package.json', 'types', attackSources];

/** Makes the image with what changes from run to run: the compiled tests, the addon and the job. */
export async function makeBundle(
  directory: string,
  files: readonly string[],
  environment: Readonly<Record<string, string>>,
  match: readonly string[],
): Promise<string> {
  const root = join(directory, 'bundle');
  const repo = join(root, 'repo');
  mkdirSync(repo, { recursive: true });
  for (const part of parts) copyPart(part, repo);
  cpSync(join(repository, 'scripts', 'vm', 'guest'), join(root, 'guest'), { recursive: true });
  cpSync(await obtainPlanks(), join(root, 'planks'), { recursive: true });
  // The suites build these on first use, which takes long on an emulated processor, and a compiler.
  for (const file of [...(await builtPlanks()), ...(await builtPrograms())])
    cpSync(file, join(repo, '.cache', basename(file)));
  writeFileSync(join(repo, 'ava.config.js'), avaConfiguration(files, match));
  writeFileSync(join(root, 'guest', 'job'), job(environment));
  const image = join(directory, 'bundle.sqsh');
  runTool('mksquashfs', [root, image, '-noI', '-noD', '-noF', '-noX', '-all-root', '-no-progress', '-quiet']);
  rmSync(root, { recursive: true });
  return image;
}

async function builtPlanks(): Promise<readonly string[]> {
  return [await busyboxPlank('squashfs'), await busyboxPlank('erofs'), await roomPlank()];
}

async function builtPrograms(): Promise<readonly string[]> {
  return [await hostileProgram(), ...(await buildAttackPrograms())];
}

function copyPart(part: string, repo: string): void {
  const source = join(repository, part);
  if (!existsSync(source)) return;
  // Objects of the native build are large and of no use at run time.
  cpSync(source, join(repo, part), {
    recursive: true,
    filter: (path) => !/\/build\/Release\/(\.deps|obj(\.target)?)(\/|$)|\.(o|a|d|map)$/.test(path),
  });
}

/** Generous time: an emulated processor is ten to thirty times slower. */
function avaConfiguration(files: readonly string[], match: readonly string[]): string {
  const options = {
    files: files.map(compiled),
    match,
    workerThreads: false,
    concurrency: 2,
    timeout: '10m',
    nodeArguments: ['--import=/guest/own-cgroup.mjs'],
  };
  return `export default ${JSON.stringify(options)};\n`;
}

function job(environment: Readonly<Record<string, string>>): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'\n`);
  return `${exports.join('')}exec node node_modules/ava/entrypoints/cli.mjs --tap\n`;
}
