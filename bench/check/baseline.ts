import { readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { paths } from '../paths.js';
import type { BenchCgroup } from '../workshop/cgroup.js';
import type { CallTable } from './calls.js';
import type { RatioTable } from './ratios.js';

/** What was measured when all was well. Another kernel, Node or set of controllers takes other calls. */
export interface Baseline {
  readonly host: string;
  readonly calls?: CallTable;
  readonly ratios?: RatioTable;
}

const path = join(paths.repository, 'bench/baseline.json');

/** What decides which calls a room takes. */
export function hostOf(cgroup: BenchCgroup | undefined): string {
  const [major = '', minor = ''] = release().split('.');
  const controllers = cgroup === undefined ? 'no cgroup' : cgroup.controllers.join(' ') || 'no controllers';
  return `Linux ${major}.${minor}, ${controllers}, Node ${process.versions.node.split('.')[0]}, ${process.arch}`;
}

export async function readBaseline(host: string): Promise<Baseline | undefined> {
  return (await readAll()).find((baseline) => baseline.host === host);
}

/** Replaces what is known of this host; what was not measured now stays. */
export async function writeBaseline(fresh: Baseline): Promise<void> {
  const all = await readAll();
  const known = all.find(({ host }) => host === fresh.host);
  const others = all.filter((baseline) => baseline !== known);
  await writeFile(path, `${JSON.stringify([...others, { ...known, ...fresh }], null, 2)}\n`);
}

async function readAll(): Promise<Baseline[]> {
  return JSON.parse(await readFile(path, 'utf8')) as Baseline[];
}
