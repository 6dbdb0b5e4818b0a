import type { HostFiles } from './files.js';

/** The kernel takes no less (RESERVED_PIDS in kernel/pid.c). */
const least = 301;

/**
 * Half of what there is, so that one room alone cannot keep the host from starting a process: every process of a room has a number
 * on the host as well, and counts there. Two can; limits.processes is what holds then.
 */
export function shareOfPids(files: HostFiles): number | null {
  const amounts = ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'].flatMap((path) => {
    const amount = Number(files.read(path) ?? '');
    return Number.isSafeInteger(amount) && amount > 0 ? [amount] : [];
  });
  const share = Math.floor(Math.min(...amounts) / 2);
  return Number.isSafeInteger(share) && share >= least ? share : null;
}
