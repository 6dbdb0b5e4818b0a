import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, version } from 'node:os';
import { paths } from './paths.js';
import type { BenchCgroup } from './workshop/cgroup.js';

/** What one has to know about a machine to read its numbers. */
export interface MachineFacts {
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  /** Frequency governor of the first core; undefined in most virtual machines. */
  readonly governor: string | undefined;
  /** Mounts of the host: everyone who clones a mount namespace from it copies them. */
  readonly mounts: number;
  readonly cgroup: string;
  /** Of the repository, with `+` for uncommitted changes. */
  readonly commit: string;
  readonly date: string;
  /** One-minute load average before and after the run. */
  readonly load: readonly [before: number, after: number];
}

export function readMachineFacts(cgroup: BenchCgroup | undefined, loadBefore: number): MachineFacts {
  return {
    kernel: `${release()} ${version()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    governor: readLine('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    mounts: (readLine('/proc/self/mountinfo') ?? '').split('\n').length,
    cgroup: describe(cgroup),
    commit: commit(),
    date: new Date().toISOString(),
    load: [loadBefore, currentLoad()],
  };
}

export function currentLoad(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

function describe(cgroup: BenchCgroup | undefined): string {
  if (cgroup === undefined) return 'no cgroup v2 that may be written';
  return `v2 at ${cgroup.mount}, controllers for rooms: ${cgroup.controllers.join(' ') || 'none'}`;
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', paths.repository, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    return (
      git('rev-parse', '--short', 'HEAD').trim() + (git('status', '--porcelain').trim() === '' ? '' : '+')
    );
  } catch {
    return 'unknown';
  }
}

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
