import { readFile } from 'node:fs/promises';

/** Lines of /proc/meminfo that rooms make grow, in bytes. All but the last are memory of the kernel. */
const lines = ['Slab', 'KernelStack', 'PageTables', 'Percpu', 'AnonPages'] as const;

export type KernelMemory = Readonly<Record<(typeof lines)[number], number>>;

export async function readKernelMemory(): Promise<KernelMemory> {
  return parseMeminfo(await readFile('/proc/meminfo', 'utf8'));
}

/** Reads lines like `Slab:   123 kB`; a kernel that does not have one counts as 0. */
export function parseMeminfo(text: string): KernelMemory {
  const found = new Map(
    [...text.matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, name, value]) => [name, Number(value) * 1024]),
  );
  return Object.fromEntries(lines.map((line) => [line, found.get(line) ?? 0])) as KernelMemory;
}
