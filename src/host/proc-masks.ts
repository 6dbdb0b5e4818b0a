import type { HostFiles } from './files.js';
import type { CoverPlan } from './resolved-room.js';

/** What rooms of both identities get laid over parts of their /proc and /sys. Computed once for an Anchor. */
export interface Covers {
  readonly mapped: readonly CoverPlan[];
  readonly host: readonly CoverPlan[];
}

/**
 * Masked by the default of runc, crun and containerd, and what Docker adds. They tell about the host or change it.
 * https://github.com/opencontainers/runc/blob/main/libcontainer/specconv/example.go
 */
const hidden = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  // In no other list. Locks of open file descriptions have no process as their holder, so those of the whole host stand in it.
  '/proc/locks',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/**
 * Masked whether it exists or not: it appears with the first loop device, which may be the one of the first room. Each device tells
 * in `loop/backing_file` which file of the host it is: the plank of the room, and those of all others.
 */
const blockDevices: CoverPlan = { kind: 'mask', target: '/sys/devices/virtual/block', over: 'directory' };

/**
 * Root of a room with the ids of the host owns the files of /proc, and their mode is one for all mounts of procfs. As a cover, since
 * room-init writes through the mount below it before (UseProc() in native/init/assemble/furnish.cc).
 */
const procItself: CoverPlan = { kind: 'read-only', target: '/proc' };

/** Read-only by the same default. */
const sealed = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/**
 * Files that the kernel gives to its root alone. Where root of the room is that root, the mode does not protect them, and
 * having no capability does not either.
 */
const rootOnly = [
  '/proc/kmsg',
  '/proc/kpagecgroup',
  '/proc/kpagecount',
  '/proc/kpageflags',
  '/proc/pagetypeinfo',
  '/proc/slabinfo',
  '/proc/vmallocinfo',
];

/**
 * Left alone in a mapped room, though everybody may read them, because a mask would hide nothing.
 */
const harmlessWhenMapped: ReadonlySet<string> = new Set([
  // Lists only keys of ids that the reader's user namespace has: the room's own (find_ge_key in security/keys/proc.c).
  '/proc/keys',
  // /proc/stat has the same counters in its line `intr`, and every program that shows CPU load reads that.
  '/proc/interrupts',
]);

/**
 * In a mapped room these files belong to nobody, so only what `others` may do counts. That leaves few: each cover costs
 * a room some 8 µs.
 */
export function computeCovers(files: HostFiles): Covers {
  const hiddenPaths = [...hidden, ...thermalThrottle(files)];
  const mapped: CoverPlan[] = [blockDevices];
  const host: CoverPlan[] = [procItself, blockDevices];
  for (const path of hiddenPaths) {
    const mask = maskOf(files, path);
    if (mask === null) continue;
    host.push(mask);
    if (!harmlessWhenMapped.has(path) && exposes(files, path, mayReadOrWrite)) mapped.push(mask);
  }
  for (const path of rootOnly) {
    const mask = maskOf(files, path);
    if (mask !== null) host.push(mask);
  }
  for (const target of sealed) {
    if (files.stat(target) === null) continue;
    host.push({ kind: 'read-only', target });
    if (target !== '/proc/sys' && exposes(files, target, mayWrite))
      mapped.push({ kind: 'read-only', target });
  }
  // /proc/sys is not walked: it has a thousand files, none of them writable for others, and those that a user namespace
  // does get to write (net, user) are the room's own.
  return { mapped, host };
}

/** The temperature of each core shows what the neighbours compute; one directory for each, absent in most guests. */
function thermalThrottle(files: HostFiles): string[] {
  const cpus = files.list('/sys/devices/system/cpu') ?? [];
  return cpus
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `/sys/devices/system/cpu/${name}/thermal_throttle`)
    .filter((path) => files.stat(path) !== null);
}

function maskOf(files: HostFiles, target: string): CoverPlan | null {
  const facts = files.stat(target);
  if (facts === null) return null;
  return { kind: 'mask', target, over: facts.kind === 'directory' ? 'directory' : 'file' };
}

const mayWrite = 0o002;
const mayReadOrWrite = 0o006;

/** Enough for every tree in the lists; whatever is larger is taken to expose something. */
const walkLimit = 512;

/** Whether `others` may do one of `bits` to a file at or below the path. A directory that they cannot enter hides its files. */
function exposes(files: HostFiles, path: string, bits: number): boolean {
  const pending = [path];
  for (let looked = 0; pending.length > 0; looked++) {
    if (looked === walkLimit) return true;
    const next = pending.pop() ?? path;
    // A symbolic link shows nothing that is not shown elsewhere, and may lead in circles.
    if (files.link(next) !== null) continue;
    const facts = files.stat(next);
    if (facts === null) continue;
    if (facts.kind !== 'directory') {
      if ((facts.mode & bits) !== 0) return true;
    } else if ((facts.mode & 0o001) !== 0) {
      pending.push(...(files.list(next) ?? []).map((name) => `${next}/${name}`));
    }
  }
  return false;
}
