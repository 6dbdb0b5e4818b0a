import type { Interval } from './statistics.js';

/** A Markdown table with aligned columns: numbers to the right, as they start with a digit or a dash. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows;
  const widths = header.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const right = header.map(
    (_, column) => body.length > 0 && body.every((row) => /^[\d–]/.test(row[column] ?? '')),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => pad(cells[column] ?? '', width, right[column] ?? false)).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => '-'.repeat(width + 1) + (right[column] ? ':' : '-')).join('|')}|`;
  return [line(header), rule, ...body.map(line)].join('\n');
}

/** `0.42 [0.40–0.45]`, or a dash. */
export function ratioCell(ratio: Interval | undefined): string {
  if (ratio === undefined) return '–';
  return `${ratio.value.toFixed(2)} [${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}]`;
}

/** `p50 / p95 / p99` columns in whole microseconds. */
export function percentileCells(values: {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}): string[] {
  return [values.p50, values.p95, values.p99].map((value) => value.toFixed(0));
}

/** Parts of a text with an empty line between them; empty ones are left out. */
export function paragraphs(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Why lanes did not run, or stopped: never left out. */
export function renderFailures(
  lanes: readonly {
    readonly name: string;
    readonly failure: string | undefined;
    readonly samples: readonly unknown[];
  }[],
): string {
  return lanes
    .filter((lane) => lane.failure !== undefined)
    .map(({ name, failure, samples }) =>
      samples.length === 0
        ? `${name} cannot run here: ${failure}`
        : `${name} stopped after ${samples.length}: ${failure}`,
    )
    .join('\n');
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}
