import { hostFiles, type HostFiles } from '../host/files.js';

/** What of a machine can make the same bytes behave differently. Facts, none of which is compared for equality. */
export interface Machine {
  /** As Node names it: `x64`. */
  readonly arch: string;
  /** As the processor names itself. */
  readonly cpu: string;
  /** What it can do, sorted: libraries of numbers choose their code by it. */
  readonly cpuFlags: readonly string[];
  /** `6.1.0-28-amd64`. */
  readonly kernel: string;
}

/** This machine. `files` is the host. */
export function readMachine(files: HostFiles = hostFiles): Machine {
  const text = files.read('/proc/cpuinfo') ?? '';
  return {
    arch: process.arch,
    cpu: fieldOf(text, 'model name') ?? 'unknown',
    cpuFlags: (fieldOf(text, 'flags') ?? '')
      .split(/\s+/)
      .filter((flag) => flag !== '')
      .sort(),
    kernel: files.read('/proc/sys/kernel/osrelease')?.trim() ?? 'unknown',
  };
}

/** Of the first processor: Linux shows those flags only that all have. */
function fieldOf(text: string, name: string): string | undefined {
  return new RegExp(`^${name}\\s*:[ \\t]*(.*)$`, 'm').exec(text)?.[1]?.trim();
}
