import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { downloadPackages } from '../../helpers/debian.js';
import { cache, once } from './paths.js';
import { MissingError, runTool } from './tools.js';

/** Kernels the guest is started with: the floor, and a newer one for what the floor cannot do. */
export const kernelSeries = ['6.1', '6.12'] as const;
export type KernelSeries = (typeof kernelSeries)[number];

/** Debian's kernel for virtual machines, which is smaller, or the one for all machines, which has USB. */
export type KernelFlavour = 'cloud' | 'full';

export interface GuestKernel {
  readonly series: KernelSeries;
  readonly flavour: KernelFlavour;
  /** As uname -r says in the guest. */
  readonly release: string;
  readonly image: string;
  /** A directory with `lib/modules/<release>` in it. */
  readonly tree: string;
}

export function isKernelSeries(text: string): text is KernelSeries {
  return (kernelSeries as readonly string[]).includes(text);
}

/** Debian's kernel of a series: from the cache, else the newest one that apt knows. `refresh` looks for a newer one. */
export async function obtainKernel(
  series: KernelSeries,
  refresh = false,
  flavour: KernelFlavour = 'cloud',
): Promise<GuestKernel> {
  const chosen = join(cache, `kernel-${series}${flavour === 'cloud' ? '' : `-${flavour}`}`);
  if (refresh || !existsSync(chosen)) {
    const name = newestPackage(series, flavour);
    mkdirSync(cache, { recursive: true });
    await fetchPackage(name);
    writeFileSync(chosen, name);
  }
  const tree = await fetchPackage(readFileSync(chosen, 'utf8'));
  const [release] = readdirSync(join(tree, 'lib', 'modules'));
  if (release === undefined) throw new Error(`no kernel modules in ${tree}`);
  return { series, flavour, release, image: join(tree, 'boot', `vmlinuz-${release}`), tree };
}

function newestPackage(series: KernelSeries, flavour: KernelFlavour): string {
  const prefix = `linux-image-${series}.`;
  const known = newestKnown(prefix, flavour);
  if (known !== undefined) return known;
  // Its lists may be those of an image that was made long ago.
  try {
    runTool('apt-get', ['update', '-q']);
  } catch {
    // Not root, or no network: what is missing is told below.
  }
  const found = newestKnown(prefix, flavour);
  if (found !== undefined) return found;
  throw new MissingError(
    `apt knows no package ${prefix}*${endings[flavour]} (Debian has it; run apt-get update first)`,
  );
}

const endings = { cloud: '-cloud-amd64', full: '-amd64' } as const;

function newestKnown(prefix: string, flavour: KernelFlavour): string | undefined {
  // Those of other flavours have a word before the architecture.
  const wanted = new RegExp(
    `^${prefix.replaceAll('.', '\\.')}[0-9][0-9.]*(-[0-9]+|[+~][0-9a-z.+~-]*)?${endings[flavour]}$`,
  );
  const names = runTool('apt-cache', ['pkgnames', prefix]).split('\n');
  return names.filter((name) => wanted.test(name)).sort((a, b) => compareVersions(b, a))[0];
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Downloads and unpacks; installs nothing on this machine. */
function fetchPackage(name: string): Promise<string> {
  return once(join(cache, 'kernels', name), (directory) => {
    const [archive] = downloadPackages([name], directory);
    if (archive === undefined) throw new Error(`apt-get download ${name} left no file`);
    runTool('dpkg-deb', ['-x', archive, '.'], directory);
    rmSync(archive);
    runTool('depmod', ['-b', directory, readdirSync(join(directory, 'lib', 'modules'))[0] ?? '']);
  });
}
