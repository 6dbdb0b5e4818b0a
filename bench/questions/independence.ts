import { bwrap } from '../contenders/bwrap.js';
import { childProcess } from '../contenders/child-process.js';
import { withExtraMounts } from '../contenders/private-mounts.js';
import { pool, room } from '../contenders/room.js';
import { type LaneReport, laneRatio, measuredLane, valuesOf } from '../drive/lane-report.js';
import { type Variation, measureRounds, withLanes } from '../drive/open-lanes.js';
import type { Ballast } from '../lanes/ballast.js';
import { percentile } from '../statistics.js';
import { paragraphs, ratioCell, renderFailures, renderTable } from '../table.js';
import type { Question } from './question.js';

export interface IndependenceAnswer {
  readonly lanes: readonly LaneReport[];
}

/** What a program may have beside its rooms. */
export const burdens = ['2 GB', '5,000 fds', '16 workers', '1,000 mounts'] as const;
export type Burden = (typeof burdens)[number];

const ballasts: Partial<Record<Burden, Ballast>> = {
  '2 GB': { megabytes: 2048 },
  '5,000 fds': { fds: 5000 },
  '16 workers': { workers: 16 },
};

const asked = [room, pool, childProcess, bwrap];

/** Plain lanes and burdened ones, in the same rounds. */
export const independence: Question<IndependenceAnswer> = {
  name: 'independence',
  asks: 'Does a big program, or a host with many mounts, start rooms more slowly?',
  due: true,
  async ask(setting) {
    const wanted = asked.flatMap((contender) =>
      [undefined, ...burdens].map((burden) => ({
        contender,
        name: laneName(contender.name, burden),
        ...variation(burden),
      })),
    );
    return { lanes: await withLanes(setting, wanted, (lanes) => measureRounds(setting, lanes)) };
  },
  render: ({ lanes }) => paragraphs(renderRatios(lanes), renderFailures(lanes)),
};

export function laneName(contender: string, burden?: Burden): string {
  return burden === undefined ? contender : `${contender}, ${burden}`;
}

function variation(burden: Burden | undefined): Variation {
  if (burden === undefined) return {};
  if (burden === '1,000 mounts') return { wrap: (lane) => withExtraMounts(lane, 1000) };
  return { environment: { BENCH_BALLAST: JSON.stringify(ballasts[burden]) } };
}

function renderRatios(lanes: readonly LaneReport[]): string {
  const rows = asked.flatMap(({ name }) => {
    const plain = measuredLane(lanes, name);
    if (plain === undefined) return [];
    const p50 = percentile(valuesOf(plain, 'first'), 0.5).toFixed(0);
    const ratios = burdens.map((burden) => ratioCell(laneRatio(lanes, laneName(name, burden), name)));
    return [[name, p50, ...ratios]];
  });
  if (rows.length === 0) return '';
  const table = renderTable([['lane', 'plain, µs', ...burdens.map((burden) => `with ${burden}`)], ...rows]);
  return `${table}\n\nFirst-byte p50 of the burdened process over that of the plain one.`;
}
