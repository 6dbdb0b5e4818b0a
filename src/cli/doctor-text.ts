import type { HostCapability, HostReport } from '../index.js';
import { wrap } from './help.js';
import type { Style } from './style.js';

const sections: readonly { need: HostCapability['need']; heading: string }[] = [
  { need: 'rooms', heading: 'Every room needs' },
  { need: 'some-rooms', heading: 'Some rooms need' },
  { need: 'limits', heading: 'Limits need' },
  { need: 'better', heading: 'Better with' },
  { need: 'planks', heading: 'Planks are built with' },
];

/** The report for people: one line per capability, and what to do below those that are missing. Pure. */
export function doctorText(report: HostReport, style: Style, columns: number): string {
  const { capabilities, kernel, surroundings } = report;
  const names = Math.max(...capabilities.map(({ name }) => name.length));
  const lines: string[] = [`Linux ${kernel}, ${surroundings}`];
  for (const { need, heading } of sections) {
    const rows = capabilities.filter((capability) => capability.need === need);
    if (rows.length > 0)
      lines.push('', style.strong(heading), ...rows.flatMap((row) => rowLines(row, names)));
  }
  lines.push('', verdict(report));
  return `${lines.join('\n')}\n`;

  function rowLines({ name, ok, why, remedy }: HostCapability, width: number): string[] {
    const begin = width + 8;
    const answer = ok ? style.good('yes') : style.bad('no ');
    const [first = '', ...more] = wrap(why, Math.max(30, columns - begin));
    const remedies = remedy === null ? [] : wrap(`remedy: ${remedy}`, Math.max(30, columns - begin));
    return [
      `  ${answer}  ${name.padEnd(width)} ${first}`,
      ...[...more, ...remedies].map((line) => ' '.repeat(begin) + line),
    ];
  }

  function verdict({ ok }: HostReport): string {
    const count = capabilities.filter((capability) => !capability.ok).length;
    if (!ok) return style.bad('Rooms cannot be made on this host.');
    const rest =
      count === 0
        ? ''
        : ` ${count} of ${capabilities.length} capabilities ${count === 1 ? 'is' : 'are'} missing.`;
    return `${style.good('Rooms can be made on this host.')}${rest}`;
  }
}
