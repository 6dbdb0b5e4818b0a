import { bwrap } from '../contenders/bwrap.js';
import { childProcess } from '../contenders/child-process.js';
import { pool, room } from '../contenders/room.js';
import { type LaneAnswers, collector } from '../drive/collector.js';
import { withLanes } from '../drive/open-lanes.js';
import type { LoadReport, OpenLoop } from '../lanes/load.js';
import { paragraphs, renderFailures, renderTable } from '../table.js';
import type { Question } from './question.js';

const rates = [20, 100, 300] as const;
type Rate = (typeof rates)[number];

export type OpenLoopSample = LoadReport & { readonly perSecond: Rate };

export interface OpenLoopAnswer {
  readonly lanes: readonly LaneAnswers<OpenLoopSample>[];
}

const asked = [room, pool, childProcess, bwrap];
const milliseconds = 4000;
/** Above this, what waits grows faster than it is worked off, and there is no p50 to speak of. */
const collapse = 1_000_000;

/** A pool moves work to the time between requests: only requests that come by themselves show that. */
export const openLoopQuestion: Question<OpenLoopAnswer> = {
  name: 'open-loop',
  asks: 'How fast is a room when requests come by themselves, some close together?',
  due: false,
  async ask(setting) {
    const wanted = asked.map((contender) => ({ contender }));
    return withLanes(setting, wanted, async (lanes) => {
      const loads = collector<OpenLoopSample>(setting, lanes);
      for (const perSecond of rates) {
        const gaps = Array.from({ length: 500 }, () => -Math.log(1 - setting.random()));
        const request: OpenLoop = { perSecond, milliseconds, gaps };
        await loads.ask(request, (load) => ({ perSecond, ...(load as unknown as LoadReport) }));
      }
      return { lanes: loads.answers() };
    });
  },
  render: ({ lanes }) => paragraphs(renderRates(lanes), renderFailures(lanes)),
};

function renderRates(lanes: readonly LaneAnswers<OpenLoopSample>[]): string {
  const header = ['lane', ...rates.map((rate) => `${rate} a second: first p50 / p99`)];
  const rows = lanes
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, samples }) => [
      name,
      ...rates.map((rate) => {
        const first = samples.find(({ perSecond }) => perSecond === rate)?.first;
        if (first === undefined) return '–';
        if (first.p50 > collapse) return `${(first.p50 / 1e6).toFixed(1)} s: it cannot keep up`;
        return `${first.p50.toFixed(0)} / ${first.p99.toFixed(0)}`;
      }),
    ]);
  if (rows.length === 0) return '';
  return `${renderTable([header, ...rows])}\n\nµs since the request was due, ${milliseconds / 1000} s each; all lanes have the same gaps (Poisson).`;
}
