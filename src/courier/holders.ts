import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { printable } from './printable.js';
import { numberText } from './private-mount.js';

/** A process that has something of a file system open, or is in a directory of it. */
export interface DriveHolder {
  readonly pid: number;
  /** As the process calls itself; fit to be shown. */
  readonly name: string;
}

/** Processes that use the file system or the device of this number, as far as this process may look (root: all of its PID namespace). */
export async function holdersOf(number: string, path: string): Promise<readonly DriveHolder[]> {
  const found: DriveHolder[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    if (await uses(pid, number, path)) found.push({ pid, name: await nameOf(pid) });
  }
  return found;
}

async function uses(pid: number, number: string, path: string): Promise<boolean> {
  const base = `/proc/${pid}`;
  const fds = await readdir(`${base}/fd`).catch(() => []);
  for (const link of ['cwd', 'root', 'exe', ...fds.map((fd) => `fd/${fd}`)]) {
    if ((await readlink(`${base}/${link}`).catch(() => '')) === path) return true;
    // stat() goes through the link to what is open, whatever its name is by now.
    const facts = await stat(`${base}/${link}`).catch(() => null);
    if (facts !== null && numberText(facts.dev) === number) return true;
  }
  return isMapped(pid, number);
}

/** A mapping outlives its descriptor; proc_pid_maps(5) has the device in hexadecimal. */
async function isMapped(pid: number, number: string): Promise<boolean> {
  const [major = 0, minor = 0] = number.split(':').map(Number);
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
  return maps.includes(` ${hex(major)}:${hex(minor)} `);
}

async function nameOf(pid: number): Promise<string> {
  return printable((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim());
}
