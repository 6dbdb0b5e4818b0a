import { cpus, release } from 'node:os';
import type { Sample } from './bench-samples.js';
import { distributionOf, type Distribution } from './statistics.js';
import { textTable } from './text-table.js';
import { shortNumber } from './units.js';

/** What `anchor bench --json` prints. Microseconds throughout. */
export interface BenchReport {
  readonly plank: string;
  readonly command: readonly string[];
  readonly rooms: number;
  readonly warmup: number;
  readonly unit: 'microseconds';
  readonly host: {
    readonly kernel: string;
    readonly node: string;
    readonly cpus: number;
    readonly cpu: string;
  };
  /** Each phase of `room.timings`, in the order in which they happen. */
  readonly phases: Readonly<Record<string, Distribution>>;
  readonly started: Distribution;
  readonly firstByte: Distribution;
  readonly exited: Distribution;
  readonly removed: Distribution;
  /** Every measurement, in the order of the rooms. */
  readonly samples: { readonly firstByte: readonly number[]; readonly exited: readonly number[] };
}

export function benchReport(
  what: Pick<BenchReport, 'plank' | 'command' | 'warmup'>,
  samples: readonly Sample[],
): BenchReport {
  const names = new Set(samples.flatMap(({ phases }) => Object.keys(phases)));
  const phases = [...names].map((name): [string, Distribution] => [
    name,
    distributionOf(samples.flatMap((sample) => sample.phases[name] ?? [])),
  ]);
  const over = (key: 'started' | 'firstByte' | 'exited' | 'removed'): Distribution =>
    distributionOf(samples.map((sample) => sample[key]));
  const rounded = (key: 'firstByte' | 'exited'): number[] =>
    samples.map((sample) => Math.round(sample[key] * 10) / 10);
  const processors = cpus();
  return {
    ...what,
    rooms: samples.length,
    unit: 'microseconds',
    host: {
      kernel: release(),
      node: process.version,
      cpus: processors.length,
      cpu: processors[0]?.model ?? 'unknown',
    },
    phases: Object.fromEntries(phases),
    started: over('started'),
    firstByte: over('firstByte'),
    exited: over('exited'),
    removed: over('removed'),
    samples: { firstByte: rounded('firstByte'), exited: rounded('exited') },
  };
}

/** For people. Pure. */
export function benchText(report: BenchReport): string {
  const { host, rooms, warmup, plank, command } = report;
  const row = (name: string, { p50, p95, p99, least, most }: Distribution): string[] => [
    name,
    ...[p50, p95, p99, least, most].map(shortNumber),
  ];
  const rows = [
    ['µs', 'p50', 'p95', 'p99', 'least', 'most'],
    ...Object.entries(report.phases).map(([name, distribution]) => row(`  ${name}`, distribution)),
    row('started', report.started),
    row('first byte', report.firstByte),
    row('exit known', report.exited),
    row('removed', report.removed),
  ];
  return [
    `${rooms} rooms from ${plank}, one after another, each running: ${command.join(' ')}\n`,
    `Linux ${host.kernel}, Node ${host.node}, ${host.cpus} × ${host.cpu}; ${warmup} rooms before these do not count\n\n`,
    textTable(rows, [1, 2, 3, 4, 5]),
    '\nPhases add up to "started". All else counts from the call of spawn(), by the clock of this process.\n',
  ].join('');
}
