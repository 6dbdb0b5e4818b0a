import { parseArgs } from 'node:util';
import type { Accelerator } from './accelerator.js';
import { prepareGuest, runGuest } from './guest.js';
import { isKernelSeries, kernelSeries, type KernelSeries } from './kernel.js';
import { ResultRelay } from './results.js';
import { testFiles } from './test-files.js';
import { MissingError } from './tools.js';

const usage = `usage: node scripts/vm/run.mjs [--kernel 6.1|6.12] [--accelerator kvm|tcg] [--minutes 40] [--match TITLE] [--optional] [--usb] [tests…]
  tests: test files, or folders of them (without the folders below); default test/room test/vm/guest test/vm/machine
  --usb: with Debian's kernel for all machines and a USB stick; default test/vm/usb
  --match: only tests whose title is like that (ava's patterns)
  --optional: without QEMU or Debian's kernel report one skipped test instead of a failure`;

const defaultTests = ['test/room', 'test/vm/guest', 'test/vm/machine'];

/** Prints TAP version 13; returns the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      kernel: { type: 'string', default: '6.1' },
      accelerator: { type: 'string' },
      minutes: { type: 'string', default: '40' },
      match: { type: 'string', multiple: true, default: [] },
      optional: { type: 'boolean', default: false },
      usb: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || !isKernelSeries(values.kernel) || !isAccelerator(values.accelerator)) {
    process.stderr.write(`${usage}\n`);
    return values.help ? 0 : 2;
  }
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const relay = new ResultRelay(`guest ${values.kernel} › `, print);
  print('TAP version 13');
  const { accelerator, minutes, match, optional, usb } = values;
  const good = await run(
    relay,
    values.kernel,
    { accelerator, minutes, match, optional, usb },
    positionals,
    print,
  );
  const { passed, failed, skipped } = relay.tally;
  print(`1..${passed + failed + skipped}`);
  return good ? 0 : 1;
}

interface RunOptions {
  readonly accelerator: Accelerator | undefined;
  readonly minutes: string;
  readonly match: readonly string[];
  readonly optional: boolean;
  readonly usb: boolean;
}

async function run(
  relay: ResultRelay,
  series: KernelSeries,
  options: RunOptions,
  tests: readonly string[],
  print: (line: string) => void,
): Promise<boolean> {
  try {
    const started = performance.now();
    const usual = options.usb ? ['test/vm/usb'] : defaultTests;
    const files = testFiles(tests.length === 0 ? usual : tests);
    const parts = await prepareGuest(series, options.accelerator, false, options.usb ? 'full' : 'cloud');
    print(`# kernel ${parts.kernel.release}, ${parts.accelerator}, parts ready after ${seconds(started)} s`);
    const { match, minutes } = options;
    await runGuest({ parts, files, match, timeLimit: Number(minutes) * 60_000 }, relay);
    print(`# guest booted in ${relay.bootSeconds ?? '?'} s, all took ${seconds(started)} s`);
    return relay.good;
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    if (!options.optional) relay.add(false, 'the guest can be made', [error.message]);
    else relay.skip('the guest can be made', error.message);
    return options.optional;
  }
}

function isAccelerator(text: string | undefined): text is Accelerator | undefined {
  return text === undefined || text === 'kvm' || text === 'tcg';
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

/** Makes and keeps all parts for every kernel, so that later runs need neither network nor time. */
export async function makeGuests(refresh: boolean): Promise<void> {
  for (const series of kernelSeries) {
    const { kernel, accelerator } = await prepareGuest(series, undefined, refresh);
    process.stdout.write(`guest ${series}: ${kernel.release}, ${accelerator}\n`);
  }
  const { kernel } = await prepareGuest(kernelSeries[0], undefined, refresh, 'full');
  process.stdout.write(`guest with USB: ${kernel.release}\n`);
}
