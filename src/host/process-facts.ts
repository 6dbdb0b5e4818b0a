import { join } from 'node:path/posix';
import { capabilityNames, type CapabilityName } from '../spec/capabilities.js';
import type { HostFiles } from './files.js';
import { readSurroundings, type Surroundings } from './surroundings.js';

/** What decides whether the kernel lets this process do things. null: the file that would tell is not there. */
export interface ProcessFacts {
  /** For information: nothing is decided by it. */
  readonly kernel: string;
  readonly surroundings: Surroundings;
  readonly uid: number;
  /** Names of the effective capabilities. */
  readonly capabilities: readonly CapabilityName[];
  /** This process lives in a user namespace that is not the first one, so its capabilities count only there. */
  readonly nestedUserNamespace: boolean;
  /** Filters on this process, put there by whoever started it. */
  readonly seccompFilters: number;
  /** AppArmor's name for what confines this process; null when nothing does. */
  readonly appArmorProfile: string | null;
  /** /proc/sys/user/max_user_namespaces. */
  readonly maxUserNamespaces: number | null;
  /** kernel.unprivileged_userns_clone, a patch of Debian's. */
  readonly unprivilegedUserNamespaces: boolean | null;
  /** kernel.apparmor_restrict_unprivileged_userns, Ubuntu 23.10 and later. */
  readonly appArmorRestrictsUserNamespaces: boolean | null;
  /** vm.memfd_noexec: 2 forbids programs in memory. */
  readonly memfdNoexec: number | null;
  /** /proc/filesystems. */
  readonly fileSystems: readonly string[];
  readonly loopControl: boolean;
  /** Program → where it is, null when it is not in the PATH. */
  readonly tools: Readonly<Record<Tool, string | null>>;
}

/** Programs that building and reading planks uses. Running rooms needs none of them. */
export const toolNames = ['mksquashfs', 'unsquashfs', 'mkfs.erofs'] as const;
export type Tool = (typeof toolNames)[number];

/** Reads the facts; `searchPath` is the PATH for tools. */
export function readProcessFacts(
  files: HostFiles,
  options: { readonly uid: number; readonly searchPath: string },
): ProcessFacts {
  const status = parseStatus(files.read('/proc/self/status') ?? '');
  const setting = (path: string): number | null => toNumber(files.read(`/proc/sys/${path}`));
  const flag = (path: string): boolean | null => {
    const value = setting(path);
    return value === null ? null : value !== 0;
  };
  return {
    kernel: files.read('/proc/sys/kernel/osrelease')?.trim() ?? 'unknown',
    surroundings: readSurroundings(files),
    uid: options.uid,
    capabilities: capabilitiesOf(status.get('CapEff') ?? '0'),
    nestedUserNamespace: !isWholeIdRange(files.read('/proc/self/uid_map')),
    seccompFilters: countFilters(status),
    appArmorProfile: readAppArmorProfile(files),
    maxUserNamespaces: setting('user/max_user_namespaces'),
    unprivilegedUserNamespaces: flag('kernel/unprivileged_userns_clone'),
    appArmorRestrictsUserNamespaces: flag('kernel/apparmor_restrict_unprivileged_userns'),
    memfdNoexec: setting('vm/memfd_noexec'),
    fileSystems: parseFileSystems(files.read('/proc/filesystems') ?? ''),
    loopControl: files.stat('/dev/loop-control') !== null,
    tools: Object.fromEntries(
      toolNames.map((name) => [name, findTool(files, name, options.searchPath)]),
    ) as Record<Tool, string | null>,
  };
}

function parseStatus(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()] as const];
    }),
  );
}

function capabilitiesOf(hex: string): CapabilityName[] {
  const mask = /^[0-9a-f]{1,16}$/i.test(hex) ? BigInt(`0x${hex}`) : 0n;
  return capabilityNames.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
}

/** Seccomp_filters came with Linux 5.9; before it only the mode is known: 2 is at least one filter. */
function countFilters(status: Map<string, string>): number {
  const filters = toNumber(status.get('Seccomp_filters') ?? null);
  return filters ?? (status.get('Seccomp') === '2' ? 1 : 0);
}

/** The first user namespace maps all ids to themselves. */
function isWholeIdRange(map: string | null): boolean {
  return map === null || /^\s*0\s+0\s+4294967295\s*$/.test(map);
}

function readAppArmorProfile(files: HostFiles): string | null {
  const label = (files.read('/proc/self/attr/apparmor/current') ?? '').trim();
  return label === '' || label === 'unconfined' ? null : label;
}

function parseFileSystems(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/).at(-1) ?? '')
    .filter((name) => name !== '');
}

function findTool(files: HostFiles, name: string, searchPath: string): string | null {
  for (const directory of searchPath.split(':')) {
    // An empty or relative entry means the working directory: nothing to run as root by accident.
    if (!directory.startsWith('/')) continue;
    const path = join(directory, name);
    const facts = files.stat(path);
    if (facts?.kind === 'file' && (facts.mode & 0o111) !== 0) return path;
  }
  return null;
}

function toNumber(text: string | null): number | null {
  const trimmed = text?.trim() ?? '';
  return /^\d+$/.test(trimmed) ? Number(trimmed) : null;
}
