import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { GuestKernel } from './kernel.js';
import { cache } from './paths.js';
import { fileStamp, stamp, tool } from './tools.js';

export type Accelerator = 'kvm' | 'tcg';

const probeTime = 15_000;

export function accelerationArguments(accelerator: Accelerator): readonly string[] {
  return accelerator === 'kvm'
    ? ['-accel', 'kvm', '-cpu', 'host']
    : ['-accel', 'tcg,thread=multi', '-cpu', 'max'];
}

/**
 * KVM where it runs this kernel, emulation everywhere else. A device that opens proves little (nested and
 * paravirtualised hosts create machines that never reach their first instruction), so the kernel is tried once with a
 * time limit and the answer is kept for this host.
 */
export function chooseAccelerator(kernel: GuestKernel, initramfs: string): Accelerator {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return 'tcg';
  }
  const name = stamp([release(), kernel.release, fileStamp(tool('qemu-system-x86_64'))]);
  const answer = join(cache, 'accelerator', name);
  try {
    return readFileSync(answer, 'utf8') as Accelerator;
  } catch {
    const accelerator = kvmBoots(kernel, initramfs) ? 'kvm' : 'tcg';
    mkdirSync(join(cache, 'accelerator'), { recursive: true });
    writeFileSync(answer, accelerator);
    return accelerator;
  }
}

function kvmBoots(kernel: GuestKernel, initramfs: string): boolean {
  const { stdout } = spawnSync(
    tool('qemu-system-x86_64'),
    [
      ...accelerationArguments('kvm'),
      ...[
        '-m',
        '512',
        '-nodefaults',
        '-no-user-config',
        '-display',
        'none',
        '-no-reboot',
        '-serial',
        'stdio',
      ],
      ...['-kernel', kernel.image, '-initrd', initramfs],
      ...['-append', 'console=ttyS0 quiet panic=-1 anchor.probe'],
    ],
    { encoding: 'utf8', timeout: probeTime, killSignal: 'SIGKILL', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return stdout.includes('anchor-guest: alive');
}
