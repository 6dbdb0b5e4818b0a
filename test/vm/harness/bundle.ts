import { cpSync, mkdirSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { busyboxPlank } from '../../helpers/image.js';
import { roomPlank } from '../../helpers/room.js';
import { buildAttackPrograms } from '../../escape/helpers/attack-program.js';
import { hostileProgram } from '../../escape/helpers/hostile-program.js';
import { joinModules } from './modules.js';
import { repository } from './paths.js';
import { obtainPlanks } from './planks.js';
import { compiled } from './test-files.js';
import { runTool } from './tools.js';

/** Whoever wants a program of these looks at its source to know which. */
const attackSources = 'test/escape/programs';

/** Parts of the repository that tests load or read at run time. */
const parts = ['build/Release', 'package.json', 'types', attackSources];

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
  await joinModules(files, repo);
  cpSync(join(repository, 'scripts', 'vm', 'guest'), join(root, 'guest'), { recursive: true });
  cpSync(await obtainPlanks(), join(root, 'planks'), { recursive: true });
  // The suites build these on first use, which takes long on an emulated processor, and a compiler.
  for (const file of [...(await builtPlanks()), ...(await builtPrograms())])
    cpSync(file, join(repo, '.cache', basename(file)));
  const groups = groupsOf(files, match);
  groups.forEach((group, at) =>
    writeFileSync(join(repo, `group-${at}.config.js`), avaConfiguration(group, match)),
  );
  writeFileSync(join(root, 'guest', 'job'), job(environment, groups.length));
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

/** Where tests are that change what all of the machine has in common, such as its clock. */
const machineTests = 'test/vm/machine/';

/** What runs at once: tests of the machine have it to themselves. Patterns may match in one group only, so there is but one. */
function groupsOf(files: readonly string[], match: readonly string[]): readonly (readonly string[])[] {
  if (match.length > 0) return [files];
  const alone = files.filter(isAlone);
  return [files.filter((file) => !isAlone(file)), alone].filter((group) => group.length > 0);
}

function isAlone(file: string): boolean {
  return file.startsWith(machineTests);
}

/** Generous time: an emulated processor is ten to thirty times slower. */
function avaConfiguration(files: readonly string[], match: readonly string[]): string {
  const options = {
    files: files.map(compiled),
    match,
    workerThreads: false,
    concurrency: files.some(isAlone) ? 1 : 2,
    timeout: '10m',
    nodeArguments: ['--import=/guest/own-cgroup.mjs'],
  };
  return `export default ${JSON.stringify(options)};\n`;
}

function job(environment: Readonly<Record<string, string>>, groups: number): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'\n`);
  const runs = Array.from(
    { length: groups },
    (_, at) =>
      `node node_modules/ava/entrypoints/cli.mjs --config group-${at}.config.js --tap || status=$?\n`,
  );
  return `${exports.join('')}status=0\n${runs.join('')}exit $status\n`;
}
