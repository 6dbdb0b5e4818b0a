import { bwrap } from '../contenders/bwrap.js';
import { childProcess } from '../contenders/child-process.js';
import { pool, room } from '../contenders/room.js';
import { type LaneAnswers, collector } from '../drive/collector.js';
import { withLanes } from '../drive/open-lanes.js';
import type { ClosedLoop, LoadReport } from '../lanes/load.js';
import { type Interval, percentile, ratioOfMedians } from '../statistics.js';
import { paragraphs, ratioCell, renderFailures, renderTable } from '../table.js';
import type { Question } from './question.js';

export const levels = [8, 64, 256] as const;
export type Level = (typeof levels)[number];

/** A window for each level and turn. */
export type ThroughputLane = LaneAnswers<Window>;

export interface Window extends LoadReport {
  readonly inFlight: Level;
}

export interface ThroughputAnswer {
  readonly lanes: readonly ThroughputLane[];
}

const asked = [room, pool, childProcess, bwrap];

/** Windows at each level, in random order; enough of them that every level has n ≥ 300 rooms at 300 rounds. */
const turnsFor = (rounds: number): number => Math.max(2, Math.round(rounds / 50));

const roomsFor = (level: Level): number => Math.max(150, level * 2);

export const throughput: Question<ThroughputAnswer> = {
  name: 'throughput',
  asks: 'How many rooms a second, and does the event loop still turn?',
  due: true,
  async ask(setting) {
    const wanted = asked.map((contender) => ({ contender }));
    return withLanes(setting, wanted, async (lanes) => {
      const windows = collector<Window>(setting, lanes);
      for (let turn = turnsFor(setting.rounds); turn > 0; turn--) {
        for (const inFlight of levels) {
          const request: ClosedLoop = { inFlight, rooms: roomsFor(inFlight) };
          await windows.ask(request, (load) => ({ inFlight, ...(load as unknown as LoadReport) }));
        }
      }
      return { lanes: windows.answers() };
    });
  },
  render: ({ lanes }) => paragraphs(renderRates(lanes), renderFailures(lanes)),
};

/** Rooms a second of each window at a level. */
export function ratesAt(lane: ThroughputLane | undefined, level: Level): number[] {
  return windowsAt(lane, level).map(({ rooms, milliseconds }) => (rooms / milliseconds) * 1000);
}

export function windowsAt(lane: ThroughputLane | undefined, level: Level): Window[] {
  return lane?.samples.filter(({ inFlight }) => inFlight === level) ?? [];
}

/** How many times as many rooms a second; undefined when one of them was not measured. */
export function rateRatio(
  answer: ThroughputAnswer,
  above: string,
  below: string,
  level: Level,
): Interval | undefined {
  const rates = (name: string) =>
    ratesAt(
      answer.lanes.find((lane) => lane.name === name),
      level,
    );
  const [numerators, denominators] = [rates(above), rates(below)];
  if (numerators.length === 0 || denominators.length === 0) return undefined;
  return ratioOfMedians(numerators, denominators);
}

const legend = `Median of the windows: rooms a second; first-byte p50 and p99 in ms; monitorEventLoopDelay p99 and the longest delay in ms (1 is an
idle loop); block: the longest time the thread was on a processor in one turn, in ms. A delay beyond that is other threads' and processes' time.`;

function renderRates(lanes: readonly ThroughputLane[]): string {
  const header = [
    'lane',
    'in flight',
    'rooms/s',
    '× bwrap',
    'first p50',
    'p99',
    'delay p99',
    'most',
    'block',
    'n',
  ];
  const rows = lanes.flatMap((lane) =>
    levels.flatMap((level) => {
      const windows = windowsAt(lane, level);
      if (windows.length === 0) return [];
      const middle = (value: (window: Window) => number) => percentile(windows.map(value), 0.5);
      const most = (value: (window: Window) => number) => Math.max(...windows.map(value));
      return [
        [
          ...[lane.name, String(level), percentile(ratesAt(lane, level), 0.5).toFixed(0)],
          ratioCell(rateRatio({ lanes }, lane.name, 'bwrap', level)),
          ...[middle(({ first }) => first.p50) / 1000, middle(({ first }) => first.p99) / 1000].map((value) =>
            value.toFixed(1),
          ),
          middle(({ loop }) => loop.p99).toFixed(1),
          most(({ loop }) => loop.most).toFixed(1),
          most(({ loop }) => loop.block).toFixed(1),
          String(windows.reduce((sum, { rooms }) => sum + rooms, 0)),
        ],
      ];
    }),
  );
  return rows.length === 0 ? '' : `${renderTable([header, ...rows])}\n\n${legend}`;
}
