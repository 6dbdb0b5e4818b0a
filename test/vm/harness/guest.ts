import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseAccelerator, type Accelerator } from './accelerator.js';
import { makeBundle } from './bundle.js';
import { obtainInitramfs } from './initramfs.js';
import { obtainKernel, type GuestKernel, type KernelFlavour, type KernelSeries } from './kernel.js';
import { runMachine, type MachineEnd } from './machine.js';
import { cache } from './paths.js';
import type { ResultRelay } from './results.js';
import { obtainRuntime } from './runtime.js';
import { makeStick } from './stick.js';
import { runTool } from './tools.js';

export interface GuestParts {
  readonly kernel: GuestKernel;
  readonly initramfs: string;
  readonly runtime: string;
  readonly accelerator: Accelerator;
}

/** Everything that is kept between runs. Quick when nothing changed. */
export async function prepareGuest(
  series: KernelSeries,
  accelerator?: Accelerator,
  refresh = false,
  flavour: KernelFlavour = 'cloud',
): Promise<GuestParts> {
  const kernel = await obtainKernel(series, refresh, flavour);
  const initramfs = await obtainInitramfs(kernel);
  return {
    kernel,
    initramfs,
    runtime: await obtainRuntime(),
    accelerator: accelerator ?? chooseAccelerator(kernel, initramfs),
  };
}

export interface GuestRun {
  readonly parts: GuestParts;
  /** Test files, as their names in the repository: `test/…/x.test.ts`. */
  readonly files: readonly string[];
  /** Patterns of titles, as ava has them; none: all tests. */
  readonly match: readonly string[];
  readonly timeLimit: number;
}

/** Runs test files in a fresh guest and reports each test to `relay`, then whether the guest ended as it should. */
export async function runGuest(
  { parts, files, match, timeLimit }: GuestRun,
  relay: ResultRelay,
): Promise<void> {
  mkdirSync(join(cache, 'runs'), { recursive: true });
  const directory = mkdtempSync(join(cache, 'runs', `${parts.kernel.series}-`));
  const console = join(cache, `console-${parts.kernel.series}.log`);
  try {
    const environment = {
      ANCHOR_ROOMS_GUEST: parts.kernel.release,
      ANCHOR_ROOMS_ACCELERATOR: parts.accelerator,
      ANCHOR_TESTS: process.env['ANCHOR_TESTS'] ?? '',
    };
    const disks = {
      runtime: { image: parts.runtime, writable: false },
      bundle: { image: await makeBundle(directory, files, environment, match), writable: false },
      data: { image: makeDataDisk(directory), writable: true },
    };
    const { kernel, initramfs, accelerator } = parts;
    const stick = kernel.flavour === 'full' ? { directory, image: makeStick(directory) } : null;
    const machine = { kernel, initramfs, accelerator, disks, stick, console, timeLimit };
    const run = (): Promise<MachineEnd> => runMachine(machine, (text) => relay.feed(text));
    let end = await run();
    for (let boots = 1; boots < MOST_BOOTS && !relay.begun; boots++) {
      relay.remark(`boot ${boots} did not come to the suites: ${tellingLines(console)[0] ?? end}`);
      end = await run();
    }
    reportEnd(relay, end, console);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Emulating QEMU 7.2 now and then trips over code that the kernel patches while it boots (int3 in what was a jump label).
 * Nothing of ours has run then.
 */
const MOST_BOOTS = 3;

/** An empty ext4 of 512 MiB; sparse on the host. */
function makeDataDisk(directory: string): string {
  const image = join(directory, 'data.ext4');
  writeFileSync(image, '');
  truncateSync(image, 512 << 20);
  runTool('mkfs.ext4', ['-q', '-F', image]);
  return image;
}

function reportEnd(relay: ResultRelay, end: MachineEnd, console: string): void {
  const name = 'the guest runs all suites and switches itself off';
  if (end === 'powered off' && relay.exitStatus === 0) {
    relay.add(true, name);
    return;
  }
  const status =
    relay.exitStatus === undefined ? 'no end marker came' : `the suites exited with ${relay.exitStatus}`;
  relay.add(false, name, [
    `machine: ${end}; ${status}`,
    `console (whole: ${console}):`,
    ...tellingLines(console),
  ]);
}

/** From where the kernel gave up, or else the last lines. */
function tellingLines(path: string): readonly string[] {
  const lines = readFileSync(path, 'latin1')
    .split('\n')
    // Terminal control of the firmware is no use in a report.
    .map((line) => line.replace(/\x1b\[[0-9;?=]*[A-Za-z]|[^\x20-\x7e\t]/g, '').trimEnd())
    .filter((line) => line !== '');
  const panic = lines.findIndex((line) => /Kernel panic|BUG:|Oops:/.test(line));
  return panic === -1 ? lines.slice(-20) : lines.slice(panic, panic + 20);
}
