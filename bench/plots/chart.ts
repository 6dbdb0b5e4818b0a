import type { Scale } from './scale.js';
import { type Attributes, element, lineFrom, pathThrough, picture, textAt } from './svg.js';

export interface Axis {
  /** With the unit. */
  readonly label: string;
  readonly scale: Scale;
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Which of the points have a marker. Default: all. */
  readonly marked?: (index: number) => boolean;
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Between categories that are no steps of one thing there is nothing to draw. Default true. */
  readonly joined?: boolean;
}

const width = 860;
const height = 480;
const plot = { left: 88, top: 44, width: 580, height: 370 };
const legendLeft = plot.left + plot.width + 20;
const legendStep = 24;

/** Lines that can be told apart without colour: each has its own dashes and its own marker. */
export function renderChart({ title, x, y, series, joined = true }: Chart): string {
  const across = (value: number) => plot.left + x.scale.place(value) * plot.width;
  const up = (value: number) => plot.top + (1 - y.scale.place(value)) * plot.height;
  const frame = element('rect', {
    ...{ x: plot.left, y: plot.top, width: plot.width, height: plot.height },
    ...{ fill: 'none', stroke: '#000' },
  });
  return picture(
    width,
    height,
    title,
    ...horizontalMarks(x.scale, across),
    ...verticalMarks(y.scale, up),
    frame,
    textAt(plot.left + plot.width / 2, height - 16, x.label, { anchor: 'middle' }),
    textAt(22, plot.top + plot.height / 2, y.label, { anchor: 'middle', turn: -90 }),
    ...series.map((one, index) => {
      const places = one.points.map(([a, b]): [number, number] => [across(a), up(b)]);
      return drawSeries(one, places, index, joined) + drawLegend(one.name, index, joined);
    }),
  );
}

function horizontalMarks(scale: Scale, across: (value: number) => number): string[] {
  const bottom = plot.top + plot.height;
  return scale.ticks.flatMap(({ value, label }) => [
    lineFrom(across(value), plot.top, across(value), bottom, { stroke: '#ccc' }),
    textAt(across(value), bottom + 18, label, { anchor: 'middle', size: 12 }),
  ]);
}

function verticalMarks(scale: Scale, up: (value: number) => number): string[] {
  return scale.ticks.flatMap(({ value, label }) => [
    lineFrom(plot.left, up(value), plot.left + plot.width, up(value), { stroke: '#ccc' }),
    textAt(plot.left - 8, up(value) + 4, label, { anchor: 'end', size: 12 }),
  ]);
}

function drawSeries(
  { marked = () => true }: Series,
  places: readonly (readonly [number, number])[],
  index: number,
  joined: boolean,
): string {
  const markers = places.filter((_, point) => marked(point)).map(([x, y]) => marker(x, y, index));
  return (joined ? pathThrough(places, strokeOf(index)) : '') + markers.join('');
}

function drawLegend(name: string, index: number, joined: boolean): string {
  const y = plot.top + 12 + index * legendStep;
  const line = joined ? lineFrom(legendLeft, y, legendLeft + 40, y, strokeOf(index)) : '';
  return line + marker(legendLeft + 20, y, index) + textAt(legendLeft + 50, y + 4, name);
}

const dashes = [undefined, '7 3', '2 3', '9 3 2 3', '14 4'];

function strokeOf(index: number): Attributes {
  return { 'stroke-width': 1.6, 'stroke-dasharray': dashes[index % dashes.length] };
}

/** Seven shapes, filled for the even and open for the odd ones, so that neighbours differ twice. */
function marker(x: number, y: number, index: number): string {
  const fill = index % 2 === 0 ? '#000' : '#fff';
  const r = 4.5;
  const around = (corners: number, turn: number): string =>
    pathThrough(
      Array.from({ length: corners + 1 }, (_, corner) => {
        const angle = ((corner / corners) * 2 - 0.5) * Math.PI + turn;
        return [x + r * 1.2 * Math.cos(angle), y + r * 1.2 * Math.sin(angle)];
      }),
      { fill },
    );
  const shapes = [
    () => element('circle', { cx: x, cy: y, r, fill, stroke: '#000' }),
    () => around(4, Math.PI / 4),
    () => around(3, 0),
    () => around(4, 0),
    () => around(3, Math.PI),
    () => lineFrom(x - r, y - r, x + r, y + r) + lineFrom(x - r, y + r, x + r, y - r),
    () => lineFrom(x - r, y, x + r, y) + lineFrom(x, y - r, x, y + r),
  ];
  return shapes[index % shapes.length]?.() ?? '';
}
