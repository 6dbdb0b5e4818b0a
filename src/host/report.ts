import { getSystemErrorName } from 'node:util';
import { limitControllers, type CgroupChoice, type LimitController } from './cgroup.js';
import { kernelFeatures, type FeatureNeed, type KernelFeature } from './kernel-features.js';
import { explainPermission } from './permission.js';
import { toolNames, type ProcessFacts } from './process-facts.js';
import type { Surroundings } from './surroundings.js';

/** One thing that rooms can use, and whether this host has it. */
export interface HostCapability {
  readonly name: string;
  readonly ok: boolean;
  /** What does not work without it. */
  readonly need: FeatureNeed | 'limits' | 'planks';
  /** What it is for; where it is missing, why. */
  readonly why: string;
  /** What to do about it; null when nothing is to be done. */
  readonly remedy: string | null;
}

/** What `anchor doctor` prints. */
export interface HostReport {
  /** Rooms can be made. */
  readonly ok: boolean;
  /** For information: nothing is decided by it. */
  readonly kernel: string;
  readonly surroundings: Surroundings;
  readonly capabilities: readonly HostCapability[];
}

export interface ReportSources {
  /** From the addon: probe name → errno, 0 when it works. What was not tried is not reported, unless rooms need it. */
  readonly probes: Readonly<Record<string, number>>;
  readonly facts: ProcessFacts;
  readonly cgroup: CgroupChoice;
}

/** Puts the report together; reads nothing. */
export function hostReport(sources: ReportSources): HostReport {
  const capabilities = [
    privileges(sources.facts),
    ...Object.entries<KernelFeature>(kernelFeatures)
      .filter(([name, { need }]) => need === 'rooms' || sources.probes[name] !== undefined)
      .map(([name, feature]) => kernel(name, feature, sources)),
    ...limits(sources.cgroup),
    ...tools(sources.facts),
  ];
  return {
    ok: capabilities.every(({ ok, need }) => ok || need !== 'rooms'),
    kernel: sources.facts.kernel,
    surroundings: sources.facts.surroundings,
    capabilities,
  };
}

/** What making rooms takes, in the user namespace that this process is in. */
const neededCapabilities = [
  'SYS_ADMIN',
  'SETUID',
  'SETGID',
  'SETPCAP',
  'NET_ADMIN',
  'SYS_CHROOT',
  'MKNOD',
] as const;

function privileges(facts: ProcessFacts): HostCapability {
  const missing = neededCapabilities.filter((name) => !facts.capabilities.includes(name));
  const ok = missing.length === 0;
  return {
    name: 'capabilities',
    ok,
    need: 'rooms',
    why: ok
      ? `this process (uid ${facts.uid}) has what making rooms takes`
      : `this process (uid ${facts.uid}) lacks ${missing.map((name) => `CAP_${name}`).join(', ')}`,
    remedy: ok ? null : 'run as root, or give it these capabilities',
  };
}

/** The system call that a probe stands and falls with, for `explainPermission`. */
const decisiveCall: Readonly<Record<string, string>> = {
  clone3: 'clone3',
  'user-namespace': 'unshare',
  'cgroup-namespace': 'unshare',
  'network-namespace': 'unshare',
  'mount-api': 'fsopen',
  'mount-setattr': 'mount_setattr',
  openat2: 'openat2',
  'close-range': 'close_range',
  pidfd: 'pidfd_open',
  overlay: 'fsopen',
  squashfs: 'fsopen',
  erofs: 'fsopen',
  loop: 'ioctl',
  'tmpfs-idmap': 'mount_setattr',
  'memfd-exec': 'execveat',
  seccomp: 'seccomp',
  'clone-into-cgroup': 'clone3',
  'clone-detached-mount': 'open_tree',
};

function kernel(name: string, feature: KernelFeature, { probes, facts }: ReportSources): HostCapability {
  const errno = probes[name];
  const common = { name, need: feature.need };
  if (errno === 0) return { ...common, ok: true, why: feature.use, remedy: null };
  if (errno === undefined) {
    return {
      ...common,
      ok: false,
      why: 'not tried',
      remedy: 'use an addon of the same version as the library',
    };
  }
  const answer = errorName(errno);
  const module = missingModule(name, facts);
  if (module !== null)
    return { ...common, ok: false, why: `${answer}: ${module.why}`, remedy: module.remedy };
  const cause = explainPermission({ syscall: decisiveCall[name] ?? '', errno, path: '' }, facts);
  if (cause !== null) return { ...common, ok: false, why: `${answer}: ${cause.why}`, remedy: cause.remedy };
  const from = feature.from === undefined ? '' : ` (${feature.from})`;
  return {
    ...common,
    ok: false,
    why: `${answer}: this kernel does not have what ${feature.use}`,
    remedy: `Linux ${feature.since} brought it${from}`,
  };
}

function missingModule(name: string, facts: ProcessFacts): { why: string; remedy: string } | null {
  if (name === 'loop') {
    if (facts.loopControl) return null;
    return {
      why: '/dev/loop-control is missing',
      remedy: 'modprobe loop on the host; in a container, pass the device in',
    };
  }
  if (!['overlay', 'squashfs', 'erofs'].includes(name) || facts.fileSystems.includes(name)) return null;
  return { why: `${name} is not in /proc/filesystems`, remedy: `modprobe ${name} on the host` };
}

/** ERRNO names as Node has them; a number for what it does not know. */
function errorName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}

const limitUses = { cpu: 'cpus, cpuWeight', io: 'io, ioWeight', memory: 'memory, swap', pids: 'processes' };

function limits(choice: CgroupChoice): HostCapability[] {
  const subtree: HostCapability = {
    name: 'cgroup',
    need: 'limits',
    ok: choice.kind === 'subtree',
    why: choice.kind === 'subtree' ? `rooms get cgroups below ${choice.parent}` : choice.reason,
    remedy: choice.kind === 'subtree' ? null : choice.remedy,
  };
  const controllers = limitControllers.map((controller): HostCapability => {
    const refusal = choice.kind === 'none' ? choice : choice.missing[controller];
    const use = `limits.${limitUses[controller].replace(', ', ' and limits.')}`;
    return {
      name: `cgroup-${controller}`,
      need: 'limits',
      ok: refusal === undefined,
      why:
        refusal === undefined
          ? `enforces ${use}${condition(choice, controller)}`
          : `${use}: ${refusal.reason}`,
      remedy: refusal?.remedy ?? null,
    };
  });
  return [subtree, ...controllers];
}

function condition(choice: CgroupChoice, controller: LimitController): string {
  if (choice.kind === 'none' || choice.preparation === null || choice.preparation.moveSelfTo === null)
    return '';
  if (!choice.preparation.enable.includes(controller)) return '';
  return ' in an Anchor that is opened with { cgroup: { delegate: true } }';
}

const toolUses = {
  mksquashfs: { use: 'builds squashfs planks', from: 'squashfs-tools' },
  unsquashfs: { use: 'lists and unpacks squashfs planks', from: 'squashfs-tools' },
  'mkfs.erofs': { use: 'builds erofs planks', from: 'erofs-utils' },
};

function tools(facts: ProcessFacts): HostCapability[] {
  return toolNames.map((name) => {
    const path = facts.tools[name];
    const { use, from } = toolUses[name];
    return {
      name,
      need: 'planks',
      ok: path !== null,
      why: path === null ? `not in the PATH; it ${use}` : `${path} ${use}`,
      remedy: path === null ? `install ${from}` : null,
    };
  });
}
