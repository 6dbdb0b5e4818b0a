import { linear } from './scale.js';
import { element, lineFrom, picture, textAt } from './svg.js';

export interface Step {
  readonly name: string;
  readonly value: number;
  /** Whose time it is; each has a pattern of its own. */
  readonly owner: string;
}

export interface Waterfall {
  readonly title: string;
  /** With the unit. */
  readonly label: string;
  readonly steps: readonly Step[];
}

const width = 860;
const plot = { left: 130, top: 84, width: 640 };
const rowHeight = 22;
const barHeight = 15;

/** One stacked bar, and below it each of its parts in a row of its own, at its place: narrow parts have names as well. */
export function renderWaterfall({ title, label, steps }: Waterfall): string {
  const total = steps.reduce((sum, { value }) => sum + value, 0);
  const scale = linear(total);
  const across = (value: number) => plot.left + scale.place(value) * plot.width;
  const owners = [...new Set(steps.map(({ owner }) => owner))];
  const bottom = plot.top + (steps.length + 1.4) * rowHeight;
  let before = 0;
  const placed = steps.map((step, row) => {
    const [from, to] = [across(before), across(before + step.value)];
    before += step.value;
    return { ...step, from, to, y: plot.top + (row + 1.4) * rowHeight };
  });
  const bar = (from: number, to: number, y: number, owner: string) =>
    element('rect', {
      ...{ x: from, y, width: Math.max(to - from, 0.5), height: barHeight },
      ...{ fill: `url(#${patternName(owners.indexOf(owner))})`, stroke: '#000', 'stroke-width': 0.7 },
    });
  return picture(
    width,
    bottom + 56,
    title,
    element('defs', {}, ...owners.map((_, index) => pattern(index))),
    ...owners.map((owner, index) => legend(owner, index)),
    ...scale.ticks.flatMap(({ value, label: mark }) => [
      lineFrom(across(value), plot.top - 6, across(value), bottom, { stroke: '#ccc' }),
      textAt(across(value), bottom + 18, mark, { anchor: 'middle', size: 12 }),
    ]),
    lineFrom(plot.left, bottom, plot.left + plot.width, bottom),
    textAt(plot.left + plot.width / 2, bottom + 42, label, { anchor: 'middle' }),
    textAt(plot.left - 8, plot.top + 12, 'all', { anchor: 'end', weight: 'bold' }),
    ...placed.map(({ from, to, owner }) => bar(from, to, plot.top, owner)),
    textAt(across(total) + 6, plot.top + 12, total.toFixed(0), { size: 12 }),
    ...placed.map(
      ({ name, value, owner, from, to, y }) =>
        textAt(plot.left - 8, y + 12, name, { anchor: 'end' }) +
        bar(from, to, y, owner) +
        textAt(to + 6, y + 12, value.toFixed(0), { size: 12 }),
    ),
  );
}

function legend(owner: string, index: number): string {
  const x = plot.left + index * 150;
  const swatch = {
    x,
    y: 44,
    width: 26,
    height: barHeight,
    fill: `url(#${patternName(index)})`,
    stroke: '#000',
  };
  return element('rect', swatch) + textAt(x + 34, 56, owner);
}

function patternName(index: number): string {
  return `owner-${index}`;
}

/** White, grey, and lines in four directions. */
function pattern(index: number): string {
  const size = 6;
  const lines = [
    '',
    element('rect', { width: size, height: size, fill: '#999' }),
    lineFrom(0, size, size, 0) + lineFrom(-1, 1, 1, -1) + lineFrom(size - 1, size + 1, size + 1, size - 1),
    lineFrom(0, size / 2, size, size / 2) + lineFrom(size / 2, 0, size / 2, size),
    lineFrom(size / 2, 0, size / 2, size),
    lineFrom(0, size / 2, size, size / 2),
  ];
  return element(
    'pattern',
    { id: patternName(index), width: size, height: size, patternUnits: 'userSpaceOnUse' },
    element('rect', { width: size, height: size, fill: '#fff' }),
    lines[index % lines.length] ?? '',
  );
}
