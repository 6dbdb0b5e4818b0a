import type { End, EndRequest } from '../lanes/ends.js';
import { paths } from '../paths.js';
import { type Interval, percentiles, ratioOfMedians, shuffled } from '../statistics.js';
import { percentileCells, ratioCell, renderTable } from '../table.js';
import type { Question } from './question.js';

export interface TeardownAnswer {
  readonly ends: readonly (EndRequest & { readonly samples: readonly End[] })[];
}

export const manyFiles = 5000;

/** Unmounting a writable layer takes the kernel a while for each file; nobody who waits for the exit event should. */
export const teardown: Question<TeardownAnswer> = {
  name: 'teardown',
  asks: 'How soon is the end of a room known, however much it has written?',
  due: true,
  async ask({ workshop, startLane, rounds, warmup, random, signal, progress }) {
    const { lane } = await startLane([process.execPath, paths.endsLane, workshop.plank]);
    try {
      const ends = (['kill', 'destroy'] as const).flatMap((how) =>
        [0, manyFiles].map((files) => ({ how, files, samples: [] as End[] })),
      );
      for (let round = -Math.min(warmup, 5); round < rounds; round++) {
        for (const { how, files, samples } of shuffled(ends, random)) {
          signal.throwIfAborted();
          const end = (await lane.ask({ how, files })) as unknown as End;
          if (round >= 0) samples.push(end);
        }
        if (round >= 0) progress(`${round + 1} of ${rounds} rounds`);
      }
      return { ends };
    } finally {
      await lane.close();
    }
  },
  render: renderTeardown,
};

/** Exit event with many files over exit event with none. */
export function filesRatio({ ends }: TeardownAnswer, how: EndRequest['how']): Interval | undefined {
  const exits = (files: number) =>
    ends.find((end) => end.how === how && end.files === files)?.samples.map(({ exited }) => exited) ?? [];
  const [many, none] = [exits(manyFiles), exits(0)];
  return many.length === 0 || none.length === 0 ? undefined : ratioOfMedians(many, none);
}

function renderTeardown(answer: TeardownAnswer): string {
  const rows = answer.ends.map(({ how, files, samples }) => [
    how === 'kill' ? "kill('SIGKILL')" : 'destroy()',
    String(files),
    ...percentileCells(percentiles(samples.map(({ exited }) => exited))),
    ...percentileCells(percentiles(samples.map(({ removed }) => removed))),
    files === 0 ? '–' : ratioCell(filesRatio(answer, how)),
    String(samples.length),
  ]);
  const header = [
    'call',
    'files',
    'exit event p50',
    'p95',
    'p99',
    'removed p50',
    'p95',
    'p99',
    '× no files',
    'n',
  ];
  return `${renderTable([header, ...rows])}\n\nµs since the call; the ratio is of the exit event's p50.`;
}
