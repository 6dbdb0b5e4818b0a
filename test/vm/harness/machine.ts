import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accelerationArguments, type Accelerator } from './accelerator.js';
import type { GuestKernel } from './kernel.js';
import { grantWishes, stickArguments } from './stick.js';
import { tool } from './tools.js';

export interface Machine {
  readonly kernel: GuestKernel;
  readonly initramfs: string;
  readonly accelerator: Accelerator;
  /** Disks by their serial, which is how the guest finds them. */
  readonly disks: Readonly<Record<string, { readonly image: string; readonly writable: boolean }>>;
  /** A directory for sockets, and the image of a USB stick that the guest can have pulled out; null: no USB. */
  readonly stick: { readonly directory: string; readonly image: string } | null;
  /** File for all that kernel and init print. */
  readonly console: string;
  /** Milliseconds until the machine is switched off whatever it does. */
  readonly timeLimit: number;
}

export type MachineEnd = 'powered off' | 'time limit' | 'qemu failed';

/**
 * Runs a machine until it is switched off. `onOutput` gets what the guest writes to its `results` port: a channel of its
 * own, because anything in the kernel may print on the console. QEMU's exit code is no help: a kernel panic gives 0 too.
 */
export async function runMachine(machine: Machine, onOutput: (text: string) => void): Promise<MachineEnd> {
  // An open pipe for stdin: at its end QEMU would take the port for disconnected and block whoever writes to it.
  const qemu = spawn(tool('qemu-system-x86_64'), machineArguments(machine), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const stop = (): void => void qemu.kill('SIGKILL');
  const limit = AbortSignal.timeout(machine.timeLimit);
  limit.addEventListener('abort', stop);
  // The machine must not outlive a host process that is told to go.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit'] as const;
  for (const signal of signals) process.once(signal, stop);
  qemu.stdout.setEncoding('utf8').on('data', onOutput);
  const end = new AbortController();
  if (machine.stick !== null) void grantWishes(machine.stick.directory, end.signal);
  try {
    const [code] = (await once(qemu, 'close')) as [number | null];
    if (limit.aborted) return 'time limit';
    return code === 0 ? 'powered off' : 'qemu failed';
  } finally {
    end.abort();
    limit.removeEventListener('abort', stop);
    for (const signal of signals) process.off(signal, stop);
  }
}

function machineArguments(machine: Machine): readonly string[] {
  const disks = Object.entries(machine.disks).flatMap(([serial, { image, writable }]) => [
    ...['-drive', `file=${image},if=none,id=${serial},format=raw,readonly=${writable ? 'off' : 'on'}`],
    ...['-device', `virtio-blk-pci,drive=${serial},serial=${serial}`],
  ]);
  return [
    ...accelerationArguments(machine.accelerator),
    ...'-smp 2 -m 2048 -nodefaults -no-user-config -display none -nic none -no-reboot'.split(' '),
    ...['-chardev', `file,id=console,path=${machine.console}`, '-serial', 'chardev:console'],
    ...['-chardev', 'stdio,id=results,signal=off', '-device', 'virtio-serial-pci'],
    ...['-device', 'virtserialport,chardev=results,name=results'],
    ...disks,
    ...(machine.stick === null ? [] : stickArguments(machine.stick.directory, machine.stick.image)),
    ...['-kernel', machine.kernel.image, '-initrd', machine.initramfs],
    // An oops becomes a panic and a panic ends the machine: neither may pass for a success.
    ...['-append', 'console=ttyS0 quiet loglevel=5 oops=panic panic=-1 mitigations=off cgroup_no_v1=all'],
  ];
}
