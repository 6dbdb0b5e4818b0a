/** The least of SVG: elements with escaped attributes and text. Numbers are rounded to a tenth of a pixel. */

export type Attributes = Readonly<Record<string, string | number | undefined>>;

export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escape(value ?? '')}"`)
    .join('');
  return content.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${content.join('')}</${name}>`;
}

export interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly weight?: 'bold';
  /** Degrees, around its own place. */
  readonly turn?: number;
}

export function textAt(x: number, y: number, words: string, style: TextStyle = {}): string {
  const { anchor = 'start', size = 13, weight, turn } = style;
  const transform = turn === undefined ? undefined : `rotate(${turn} ${round(x)} ${round(y)})`;
  return element(
    'text',
    { x, y, 'text-anchor': anchor, 'font-size': size, 'font-weight': weight, transform },
    escape(words),
  );
}

export function lineFrom(x1: number, y1: number, x2: number, y2: number, more: Attributes = {}): string {
  return element('line', { x1, y1, x2, y2, stroke: '#000', ...more });
}

export function pathThrough(
  points: readonly (readonly [x: number, y: number])[],
  more: Attributes = {},
): string {
  const d = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('');
  return element('path', { d, fill: 'none', stroke: '#000', ...more });
}

/** A whole picture on white, whatever the page around it is. */
export function picture(width: number, height: number, title: string, ...content: readonly string[]): string {
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    'font-family': 'sans-serif',
    role: 'img',
  };
  return `${element(
    'svg',
    root,
    `\n${element('title', {}, escape(title))}\n`,
    `${element('rect', { width, height, fill: '#fff' })}\n`,
    textAt(width / 2, 24, title, { anchor: 'middle', size: 16, weight: 'bold' }),
    ...content.map((part) => `\n${part}`),
    '\n',
  )}\n`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
