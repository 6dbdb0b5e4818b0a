import type { CommandPage, OptionRow } from './command-line.js';

const width = 100;
/** Where explanations begin. */
const indent = 30;

/** The help of one command, as `--help` prints it. Pure. */
export function renderHelp(page: CommandPage): string {
  const lines = page.usage.map((usage, at) =>
    `${at === 0 ? 'Usage: ' : '       '}${page.name} ${usage}`.trimEnd(),
  );
  for (const paragraph of page.about ?? []) lines.push('', ...wrap(paragraph, width));
  let heading = 'Options';
  const all: readonly [string, OptionRow][] = [
    ...Object.entries(page.options),
    ['help', { short: 'h', help: 'show this', ...(headed(page) ? { heading: 'Help' } : {}) }],
  ];
  for (const [at, [name, row]] of all.entries()) {
    if (at === 0 || row.heading !== undefined) {
      heading = row.heading ?? heading;
      lines.push('', `${heading}:`);
    }
    lines.push(...entry(optionForm(name, row), row.help));
  }
  if (page.notes !== undefined) lines.push('', ...page.notes.flatMap((note) => wrap(note, width)));
  return `${lines.join('\n')}\n`;
}

/** A name and its explanation, in two columns. */
export function entry(name: string, help: string): string[] {
  const first = `  ${name}`;
  const text = wrap(help, width - indent).map((line) => ' '.repeat(indent) + line);
  if (first.length > indent - 2) return [first, ...text];
  return [first + (text[0] ?? '').slice(first.length), ...text.slice(1)];
}

function headed(page: CommandPage): boolean {
  return Object.values(page.options).some(({ heading }) => heading !== undefined);
}

function optionForm(name: string, { short, value }: OptionRow): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

/** Breaks at spaces. A line that begins with a space is a sample and stays whole. */
export function wrap(text: string, columns: number): string[] {
  if (text.startsWith(' ') || text === '') return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
