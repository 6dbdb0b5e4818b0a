import type { BenchReport } from './bench-report.js';
import { distributionOf } from './statistics.js';
import { shortNumber } from './units.js';

const width = 760;
const height = 450;
const left = 70;
const right = 30;
const top = 104;
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
  const frame = frameOf(scale, Math.max(...counts, 1));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(left, 24, `Time to the first byte of ${rooms} rooms from ${plank}`, 'start', 15),
    text(left, 42, `Linux ${host.kernel}, Node ${host.node}, ${host.cpus} × ${host.cpu}`, 'start', 11),
    ...countAxis(frame),
    ...counts.flatMap((count, bar) => (count === 0 ? [] : [barOf(frame, scale, bar, count)])),
    ...timeAxis(frame, scale),
    ...marks.flatMap(({ key, dash }, at) =>
      markOf(frame, { key, dash, at, value: distribution[key] / 1000 }),
    ),
    text(left + plotWidth / 2, height - 12, legend(scale, beyond), 'middle', 11),
    '</svg>\n',
  ].join('\n');
}

/** Where values and counts are in the picture. */
interface Frame {
  readonly x: (milliseconds: number) => number;
  readonly y: (count: number) => number;
  readonly countStep: number;
  readonly countEnd: number;
}

function frameOf({ begin, end }: Scale, highest: number): Frame {
  const countStep = niceStep(highest / 5, 1);
  const countEnd = Math.ceil(highest / countStep) * countStep;
  return {
    x: (value) => left + ((value - begin) / (end - begin)) * plotWidth,
    y: (count) => top + plotHeight - (count / countEnd) * plotHeight,
    countStep,
    countEnd,
  };
}

function countAxis({ y, countStep, countEnd }: Frame): string[] {
  const middle = top + plotHeight / 2;
  const parts = [
    `<text transform="translate(20 ${middle}) rotate(-90)" text-anchor="middle" font-size="12">number of rooms</text>`,
  ];
  for (let count = 0; count <= countEnd; count += countStep) {
    parts.push(line(left, y(count), left + plotWidth, y(count), count === 0 ? '#000' : '#ccc'));
    parts.push(text(left - 8, y(count) + 4, String(count), 'end', 11));
  }
  return parts;
}

function timeAxis({ x, y }: Frame, { begin, end, tick }: Scale): string[] {
  const title = 'milliseconds from the call of spawn() to the first byte of output';
  const parts = [text(left + plotWidth / 2, height - 30, title, 'middle', 12)];
  for (let at = 0; begin + at * tick <= end + 1e-9; at += 1) {
    const value = begin + at * tick;
    parts.push(line(x(value), y(0), x(value), y(0) + 5, '#000'));
    parts.push(text(x(value), y(0) + 19, trimmed(value), 'middle', 11));
  }
  return parts;
}

function barOf({ x, y }: Frame, scale: Scale, bar: number, count: number): string {
  const begin = x(scale.begin + bar * scale.bar);
  const barWidth = x(scale.begin + (bar + 1) * scale.bar) - begin - 1;
  const shape = `x="${round(begin)}" y="${round(y(count))}" width="${round(barWidth)}"`;
  return `<rect ${shape} height="${round(y(0) - y(count))}" fill="#888"/>`;
}

function markOf(
  { x, y }: Frame,
  { key, dash, at, value }: { key: string; dash: string; at: number; value: number },
): string[] {
  // Above the bars, and one below the other: the lines of p95 and p99 may be close.
  const place = top - 44 + at * 15;
  return [
    line(x(value), place - 9, x(value), y(0), '#000', dash),
    text(x(value) + 4, place, `${key} ${shortNumber(value)} ms`, 'start', 11),
  ];
}

function legend({ bar }: Scale, beyond: number): string {
  const rest =
    beyond === 0 ? '' : `; beyond the right edge: ${beyond} slower ${beyond === 1 ? 'room' : 'rooms'}`;
  return `each bar: ${trimmed(bar)} ms${rest}`;
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
