import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildPlank } from '../../../src/index.js';
import { downloadPackages, refreshPackageLists, resolvePackages } from '../../helpers/debian.js';
import { once } from '../../vm/harness/paths.js';
import { fileStamp, MissingError, stamp, tool } from '../../vm/harness/tools.js';
import { copyNode, nodeStamp } from './host-node.js';
import { recipes, type PlankName, type Recipe } from './recipes.js';
import { makeTree } from './tree.js';

/** Outside the clone, so that a fresh one needs no downloads: packages and planks, some hundred MB of each. */
export const cache = join(
  process.env['ANCHOR_ROOMS_CACHE'] ??
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'anchor-rooms'),
  'compat',
);

/** Tells what is being done; gets the name of a step, and its work. */
export type Tell = <T>(step: string, work: () => T | Promise<T>) => Promise<T>;

/** The path of a plank that was made before; tests make none, since that takes a network and a minute. */
export function compatPlank(name: PlankName): string {
  const path = plankPath(name);
  if (existsSync(path)) return path;
  throw new MissingError(`the plank of ${name} is missing: node scripts/compat/make-planks.mjs makes it`);
}

/** Makes the plank unless it is there; beside it `packages.txt` says what is in it. */
export async function makePlank(name: PlankName, tell: Tell): Promise<string> {
  const output = plankPath(name);
  if (existsSync(output)) return output;
  if (process.getuid?.() !== 0) throw new MissingError(`${name}: planks of whole systems are made as root`);
  const recipe: Recipe = recipes[name];
  const { versions, archives } = await tell(`${name}: packages`, () => obtainPackages(recipe));
  await once(dirname(output), async (directory) => {
    const tree = join(directory, 'tree');
    mkdirSync(tree);
    await tell(`${name}: unpack ${archives.length} packages`, async () => {
      await makeTree(archives, tree);
      if (recipe.node) copyNode(tree);
    });
    await tell(`${name}: plank`, () =>
      buildPlank({ source: tree, output: join(directory, 'plank.sqsh'), level: 3 }),
    );
    rmSync(tree, { recursive: true });
    writeFileSync(join(directory, 'packages.txt'), `${versions.join('\n')}\n`);
  });
  return output;
}

/** By a hash of what it is made of. Newer versions of a package make no new plank: delete the cache for that. */
function plankPath(name: PlankName): string {
  const recipe: Recipe = recipes[name];
  const system = readFileSync('/etc/os-release', 'utf8');
  const parts = [JSON.stringify(recipe), /^VERSION_CODENAME=.*$/m.exec(system)?.[0] ?? system];
  const code = (file: string): Buffer => readFileSync(new URL(file, import.meta.url));
  const node = recipe.node ? [code('host-node.js'), nodeStamp()] : [];
  const key = stamp([...parts, code('tree.js'), fileStamp(tool('mksquashfs')), ...node]);
  return join(cache, 'planks', `${name}-${key}`, 'plank.sqsh');
}

/** Planks of other recipes may be those of another clone; after a week they are most likely nobody's. */
export function dropOldPlanks(): void {
  const current = (Object.keys(recipes) as PlankName[]).map((name) => dirname(plankPath(name)));
  const weekAgo = Date.now() - 7 * 24 * 3600_000;
  for (const name of readdirSync(join(cache, 'planks'))) {
    const path = join(cache, 'planks', name);
    if (!current.includes(path) && statSync(path).mtimeMs < weekAgo) rmSync(path, { recursive: true });
  }
}

interface Packages {
  /** `name=version`, sorted. */
  readonly versions: readonly string[];
  readonly archives: readonly string[];
}

function obtainPackages(recipe: Recipe): Packages {
  try {
    return fetchPackages(recipe);
  } catch (error) {
    if (error instanceof MissingError) throw error;
    // A fresh container has no lists, an old one has lists of packages that are gone.
    refreshPackageLists();
    return fetchPackages(recipe);
  }
}

function fetchPackages(recipe: Recipe): Packages {
  const directory = join(cache, 'packages');
  mkdirSync(directory, { recursive: true });
  const versions = resolvePackages(recipe.packages).filter(
    (each) => !recipe.without.includes(each.split('=')[0] ?? ''),
  );
  const wanted = versions.map((each) => `${each.replace('=', '_').replaceAll(':', '%3a')}_`);
  const archives = downloadPackages(versions, directory).filter((file) =>
    wanted.some((prefix) => file.startsWith(join(directory, prefix))),
  );
  return { versions, archives };
}
