import type { BenchReport } from './bench-report.js';
import { distributionOf } from './statistics.js';

const width = 760;
const height = 420;
const left = 70;
const right = 30;
const top = 64;
const bottom = 74;
const plotWidth = width - left - right;
const plotHeight = height - top - bottom;
const wantedBars = 48;

/** Told apart by their dashes, so that a print without colours says the same. */
const marks = [
  { key: 'p50', dash: '' },
  { key: 'p95', dash: '8 4' },
  { key: 'p99', dash: '2 3' },
] as const;

/** An SVG of how long rooms took to their first byte. Pure. */
export function histogram({
  samples,
  plank,
  rooms,
  host,
}: Pick<BenchReport, 'samples' | 'plank' | 'rooms' | 'host'>): string {
  const values = samples.firstByte.map((microseconds) => microseconds / 1000);
  const distribution = distributionOf(samples.firstByte);
  const scale = scaleOf(values, distribution.p99 / 1000);
  const counts = countsOf(values, scale);
  const beyond = values.filter((value) => value >= scale.end).length;
  const yStep = niceStep(Math.max(...counts, 1) / 5, 1);
  const yEnd = Math.ceil(Math.max(...counts, 1) / yStep) * yStep;
  const x = (value: number): number => left + ((value - scale.begin) / (scale.end - scale.begin)) * plotWidth;
  const y = (count: number): number => top + plotHeight - (count / yEnd) * plotHeight;

  const parts = [
    text(left, 24, `Time to the first byte of ${rooms} rooms from ${plank}`, 'start', 15),
    text(left, 42, `Linux ${host.kernel}, Node ${host.node}, ${host.cpus} × ${host.cpu}`, 'start', 11),
  ];
  for (let count = 0; count <= yEnd; count += yStep) {
    parts.push(line(left, y(count), left + plotWidth, y(count), count === 0 ? '#000' : '#ccc'));
    parts.push(text(left - 8, y(count) + 4, String(count), 'end', 11));
  }
  counts.forEach((count, bar) => {
    if (count === 0) return;
    const begin = x(scale.begin + bar * scale.bar);
    const end = x(scale.begin + (bar + 1) * scale.bar);
    const shape = `x="${round(begin)}" y="${round(y(count))}" width="${round(end - begin - 1)}" height="${round(y(0) - y(count))}"`;
    parts.push(`<rect ${shape} fill="#777"/>`);
  });
  for (let tick = 0; scale.begin + tick * scale.tick <= scale.end + 1e-9; tick += 1) {
    const value = scale.begin + tick * scale.tick;
    parts.push(line(x(value), y(0), x(value), y(0) + 5, '#000'));
    parts.push(text(x(value), y(0) + 19, trimmed(value), 'middle', 11));
  }
  marks.forEach(({ key, dash }, at) => {
    const value = distribution[key] / 1000;
    const place = x(value);
    if (place > left + plotWidth) return;
    parts.push(line(place, top - 4, place, y(0), '#000', dash));
    // One below the other: the lines of p95 and p99 may be close.
    parts.push(text(place + 4, top + 8 + at * 14, `${key} ${trimmed(value)} ms`, 'start', 11));
  });
  parts.push(
    text(
      left + plotWidth / 2,
      height - 30,
      'milliseconds from the call of spawn() to the first byte of output',
      'middle',
      12,
    ),
  );
  parts.push(
    text(
      left + plotWidth / 2,
      height - 12,
      `each bar: ${trimmed(scale.bar)} ms${beyond === 0 ? '' : `; ${beyond} slower rooms are beyond the right edge`}`,
      'middle',
      11,
    ),
  );
  parts.push(
    `<text transform="translate(20 ${top + plotHeight / 2}) rotate(-90)" text-anchor="middle" font-size="12">number of rooms</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

interface Scale {
  readonly begin: number;
  readonly end: number;
  readonly bar: number;
  readonly tick: number;
}

/** From below the fastest room to above p99; one slow room in a hundred must not squeeze all others into one bar. */
function scaleOf(values: readonly number[], p99: number): Scale {
  const least = Math.min(...values);
  const span = Math.max((p99 - least) * 1.25, 0.01);
  const bar = niceStep(span / wantedBars, 0.001);
  const tick = niceStep(span / 8, bar);
  const begin = Math.floor(least / tick) * tick;
  const end = begin + Math.ceil((least + span - begin) / tick) * tick;
  return { begin, end, bar, tick };
}

function countsOf(values: readonly number[], { begin, end, bar }: Scale): number[] {
  const counts = new Array<number>(Math.max(1, Math.round((end - begin) / bar))).fill(0);
  for (const value of values) {
    const at = Math.floor((value - begin) / bar + 1e-9);
    if (at >= 0 && at < counts.length) counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/** 1, 2 or 5 times a power of ten, not below `wanted`. */
function niceStep(wanted: number, least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(wanted, least)));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= Math.max(wanted, least) - 1e-12) ?? 10;
  return step * power;
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string, dash = ''): string {
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}"${dashes}/>`;
}

function text(
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'middle' | 'end',
  size: number,
): string {
  const escaped = content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}">${escaped}</text>`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(3)));
}
