import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks: few at first, for those that start at once. */
const FIRST_PAUSE = 2;
const LONGEST_PAUSE = 100;

/** Looks once. */
export type Probe = (signal: AbortSignal) => Promise<boolean>;

/** Resolves when a probe says yes; rejects when the signal aborts, or with what the probe rejects with. Does not keep the process alive. */
export async function untilTrue(probe: Probe, signal: AbortSignal): Promise<void> {
  for (let pause = FIRST_PAUSE; !(await probe(signal)); pause = Math.min(pause * 2, LONGEST_PAUSE))
    await sleep(pause, undefined, { signal, ref: false });
}

/** TCP_LISTEN of the kernel, in the column `st`. */
const listening = '0A';
const CHUNK = 64 * 1024;
/** A room may have sockets without end. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Whether a process listens on a TCP port in the network namespace of the process `pid`: by what the kernel writes into the host's
 * /proc, where no room can put anything else, and without entering the namespace. proc_pid_net(5).
 */
export async function listensOn(pid: number, port: number): Promise<boolean> {
  for (const table of ['tcp', 'tcp6']) if (await isListed(`/proc/${pid}/net/${table}`, port)) return true;
  return false;
}

async function isListed(path: string, port: number): Promise<boolean> {
  const file = await open(path, 'r').catch(() => null);
  // The room is gone, which others tell, or the kernel has no IPv6.
  if (file === null) return false;
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    let rest = '';
    for (let total = 0; total < MOST_BYTES;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK, null);
      if (bytesRead === 0) return false;
      total += bytesRead;
      const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
      rest = lines.pop() ?? '';
      if (lines.some((line) => isListener(line, port))) return true;
      // The kernel tells of those that listen first, and the others may be very many.
      if (lines.some(isConnection)) return false;
    }
    return false;
  } catch {
    return false; // ESRCH: the room ended meanwhile
  } finally {
    await file.close();
  }
}

/** One line of /proc/net/tcp: number, local address, remote address, state, … Pure. */
export function isListener(line: string, port: number): boolean {
  const [, local, , state] = line.trim().split(/\s+/);
  return state === listening && Number.parseInt(local?.split(':').at(-1) ?? '', 16) === port;
}

/** Whether a line is about a socket that does not listen. Pure. */
export function isConnection(line: string): boolean {
  const state = line.trim().split(/\s+/)[3] ?? '';
  return /^[0-9A-F]{2}$/.test(state) && state !== listening;
}
