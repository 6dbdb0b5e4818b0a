import type { Destroyed, Looked } from '../lanes/live.js';
import { isSample } from '../lanes/protocol.js';
import { paths } from '../paths.js';
import { type Interval, percentile, percentiles, ratioOfMedians } from '../statistics.js';
import { percentileCells, ratioCell, renderTable } from '../table.js';
import type { Question, Setting } from './question.js';

export const liveLevels = [0, 1, 10, 100, 1000] as const;

export interface ScaleAnswer {
  readonly levels: readonly { readonly live: number; readonly first: readonly number[] }[];
  /** Looks at the machine with no room and with a thousand, once per turn. */
  readonly looks: readonly { readonly empty: Looked; readonly full: Looked }[];
  /** What happened when all of them were destroyed at once, once per turn. */
  readonly destroyed: readonly Destroyed[];
}

/** Up from no room to a thousand, all away, and again: a machine that gets slower meanwhile does not pass for scale. */
const turns = 4;

export const scale: Question<ScaleAnswer> = {
  name: 'scale',
  asks: 'How fast is one more room when many live, and what do they take?',
  due: true,
  async ask(setting) {
    const { lane } = await setting.startLane([process.execPath, paths.liveLane, setting.workshop.plank]);
    try {
      return await climb(setting, (request) => lane.ask(request));
    } finally {
      await lane.close();
    }
  },
  render: renderScale,
};

type Ask = (request: object) => Promise<object>;

async function climb({ rounds, warmup, signal, progress }: Setting, ask: Ask): Promise<ScaleAnswer> {
  const levels = liveLevels.map((live) => ({ live, first: [] as number[] }));
  const looks: { empty: Looked; full: Looked }[] = [];
  const destroyed: Destroyed[] = [];
  for (let number = 0; number < warmup; number++) await ask({ one: true });
  for (let turn = 1; turn <= turns; turn++) {
    const empty = (await ask({ look: true })) as Looked;
    for (const { live, first } of levels) {
      signal.throwIfAborted();
      progress(`turn ${turn} of ${turns}: ${live} live rooms`);
      await ask({ live });
      for (let number = 0; number < Math.ceil(rounds / turns); number++) {
        const sample = await ask({ one: true });
        if (isSample(sample)) first.push(sample.first);
      }
    }
    looks.push({ empty, full: (await ask({ look: true })) as Looked });
    destroyed.push((await ask({ destroy: true })) as Destroyed);
  }
  return { levels, looks, destroyed };
}

/** p50 with so many live rooms over p50 with none. */
export function liveRatio({ levels }: ScaleAnswer, live: number): Interval | undefined {
  const at = (wanted: number) => levels.find((level) => level.live === wanted)?.first ?? [];
  if (at(live).length === 0 || at(0).length === 0) return undefined;
  return ratioOfMedians(at(live), at(0));
}

const kernelLines = ['Slab', 'KernelStack', 'PageTables', 'Percpu'] as const;

/** Memory of the kernel for each room, in bytes, once per turn. What other programs take or free meanwhile is in it as well. */
export function kernelPerRoom({ looks }: ScaleAnswer): number[] {
  return looks.map(({ empty, full }) => {
    const grown = kernelLines.reduce((sum, line) => sum + full.kernel[line] - empty.kernel[line], 0);
    return grown / (full.live - empty.live);
  });
}

function renderScale(answer: ScaleAnswer): string {
  const rows = answer.levels.map(({ live, first }) => [
    String(live),
    ...percentileCells(percentiles(first)),
    ratioCell(liveRatio(answer, live)),
    String(first.length),
  ]);
  const table = renderTable([['live rooms', 'first p50', 'p95', 'p99', '× none', 'n'], ...rows]);
  return `${table}\n\nµs until the first byte of one more room.\n\n${renderMemory(answer)}`;
}

function renderMemory(answer: ScaleAnswer): string {
  const perRoom = (value: (look: Looked) => number) =>
    percentile(
      answer.looks.map(({ empty, full }) => (value(full) - value(empty)) / (full.live - empty.live)),
      0.5,
    );
  const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} kB`;
  const parts = kernelLines.map((line) => `${line} ${kilobytes(perRoom(({ kernel }) => kernel[line]))}`);
  const kernel = percentile(kernelPerRoom(answer), 0.5);
  const user = perRoom(({ kernel: { AnonPages } }) => AnonPages);
  return [
    `Kernel memory per idle room: ${kilobytes(kernel)} (${parts.join(', ')}); memory of programs: ${kilobytes(user)}.`,
    `Of this process: ${kilobytes(perRoom(({ resident }) => resident))} resident and ${perRoom(({ fds }) => fds).toFixed(1)} fds per room.`,
  ].join('\n');
}
