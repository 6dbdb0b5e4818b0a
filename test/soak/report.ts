import { textTable } from '../../src/cli/text-table.js';
import { MOST_DRIFT } from './memory.js';
import { megabytes, type SoakReport } from './soak.js';

/** One promise of the library, and what speaks against it. */
export interface Verdict {
  readonly promise: string;
  readonly against: readonly string[];
}

const memoryNames = { rss: 'RSS', inUse: 'memory in use' } as const;

/** What a soak says about each promise. Pure. */
export function verdictsOf(report: SoakReport): Verdict[] {
  const { leftovers, kernel, drift, complaints } = report;
  return [
    { promise: 'every room ended as it was made to', against: complaints },
    ...leftovers.map(({ kind, left }) => ({ promise: `no ${kind} are left`, against: left })),
    {
      promise: 'an Anchor without rooms gathers nothing',
      against: leftovers
        .filter(({ idle: [warm, last] }) => last > warm)
        .map(
          ({ kind, idle: [warm, last] }) => `${kind}: ${warm} after a tenth of the rooms, ${last} at the end`,
        ),
    },
    {
      promise: 'no kernel objects are left that nobody can see',
      against: Object.entries(kernel.after)
        .filter(([name, count]) => count > (kernel.before[name] ?? count) + kernel.allowance)
        .map(([name, count]) => `${name}: ${kernel.before[name] ?? 0} before, ${count} after`),
    },
    ...(['rss', 'inUse'] as const).map((kind) => ({
      promise: `${memoryNames[kind]} grows by less than ${megabytes(MOST_DRIFT[kind])}`,
      against: drift[kind] < MOST_DRIFT[kind] ? [] : [`it grew by ${megabytes(drift[kind])}`],
    })),
  ];
}

/** For people. */
export function tablesOf(report: SoakReport): string {
  const ends = [...report.ends]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([end, seen]) => {
      const all = [...seen].sort(([, a], [, b]) => b - a);
      const total = all.reduce((sum, [, count]) => sum + count, 0);
      return [end, String(total), all.map(([reason, count]) => `${reason} ${count}`).join(', ')];
    });
  const ways = [...report.ways].map(([way, seen]) => [
    way,
    [...seen].map(([what, count]) => `${what} ${count}`).join(', '),
  ]);
  const leftovers = report.leftovers.map(({ kind, before, idle, after, left }) =>
    [kind, before, ...idle, after, left.length].map(String),
  );
  const kernel = Object.entries(report.kernel.after).map(([name, count]) => [
    name,
    String(report.kernel.before[name] ?? ''),
    String(count),
  ]);
  const memory = report.memory
    .filter(({ at }) => [0.1, 0.5, 1].includes(at))
    .map(({ at, rooms, rss, trimmed, malloc, heapUsed, heapTotal, external }) => [
      `${Math.round(at * 100)} %`,
      String(rooms),
      ...[rss, trimmed, malloc, heapUsed, heapTotal, external].map(megabytes),
    ]);
  return [
    `${report.rooms} rooms in ${report.seconds.toFixed(0)} s, seed ${report.seed}\n`,
    textTable([['end', 'rooms', 'seen'], ...ends], [1]),
    textTable([['asked for by', 'seen'], ...ways], []),
    textTable(
      [['kind', 'before', 'idle at 10 %', 'idle at the end', 'after', 'left'], ...leftovers],
      [1, 2, 3, 4, 5],
    ),
    textTable([['kernel objects of the machine', 'before', 'after'], ...kernel], [1, 2]),
    textTable(
      [['memory at', 'rooms', 'RSS', 'trimmed', 'malloc', 'heap', 'heap reserved', 'external'], ...memory],
      [1, 2, 3, 4, 5, 6, 7],
    ),
    `from when all is warm to the end: RSS, trimmed, ${megabytes(report.drift.rss)}; in use ${megabytes(report.drift.inUse)}\n`,
    verdictsOf(report)
      .filter(({ against }) => against.length > 0)
      .map(
        ({ promise, against }) =>
          `NOT SO: ${promise}\n${against
            .slice(0, 50)
            .map((line) => `  ${line}\n`)
            .join('')}`,
      )
      .join(''),
  ].join('\n');
}

/** For a runner of tests. */
export function tapOf(report: SoakReport): string {
  const verdicts = verdictsOf(report);
  const results = verdicts.map(({ promise, against }, at) => {
    const lines = against.slice(0, 50).map((line) => `  ${line}\n`);
    return `${against.length === 0 ? 'ok' : 'not ok'} ${at + 1} - soak: ${promise}\n${lines.join('')}`;
  });
  const comments = tablesOf(report)
    .split('\n')
    .map((line) => `# ${line}\n`);
  return `TAP version 13\n${results.join('')}1..${verdicts.length}\n${comments.join('')}`;
}

export function jsonOf(report: SoakReport): string {
  const [ends, ways] = [report.ends, report.ways].map((counts) =>
    Object.fromEntries([...counts].map(([row, seen]) => [row, Object.fromEntries(seen)])),
  );
  return `${JSON.stringify({ ...report, ends, ways, verdicts: verdictsOf(report) }, null, 2)}\n`;
}
