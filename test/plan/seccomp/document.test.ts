// docs/seccomp.md has the default profile as a table. To write it again after a change:
//   UPDATE_DOCS=1 npx ava test/plan/seccomp/document.test.ts && npx prettier --write docs/seccomp.md
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { defaultProfile } from '../../../src/plan/seccomp/default-profile.js';
import type { DenyRow } from '../../../src/plan/seccomp/default-profile.js';
import type { ArgumentCondition } from '../../../src/plan/seccomp/policy.js';
import { roomInitCalls } from '../../../src/plan/seccomp/room-init.js';

const path = 'docs/seccomp.md';

const signs = { EQ: '=', NE: '≠', LT: '<', LE: '≤', GE: '≥', GT: '>' } as const;

function describeCondition({ argument, comparison, value, mask }: ArgumentCondition): string {
  const hex = (number: bigint): string => (number < 1000n ? String(number) : `0x${number.toString(16)}`);
  const whole = mask === 0xffff_ffffn || mask === 0xffff_ffff_ffff_ffffn;
  const name = `argument ${argument}`;
  return `${whole ? name : `${name} & ${hex(mask)}`} ${signs[comparison]} ${hex(value)}`;
}

function describeRow({ names, when = [], errno, reason }: DenyRow): string {
  const condition = when.map((all) => all.map(describeCondition).join(' and ')).join('; or ');
  const cells = [names.map((name) => `\`${name}\``).join(', '), condition || 'always', errno, reason];
  return `| ${cells.join(' | ')} |`;
}

const sections = new Map([
  [
    'profile',
    [
      '| syscalls | denied when | error | why |',
      '| --- | --- | --- | --- |',
      ...defaultProfile.map(describeRow),
    ].join('\n'),
  ],
  ['room-init', `${[...new Set(roomInitCalls.map(({ name }) => `\`${name}\``))].join(', ')}.`],
]);

/** Prettier pads tables and wraps nothing else. */
function normalize(markdown: string): string {
  return markdown
    .replace(/-{3,}/g, '---')
    .replace(/[ \t]+/g, ' ')
    .trim();
}

for (const [name, expected] of sections) {
  test(`docs/seccomp.md and the code agree on the section ${name}`, (t) => {
    const section = new RegExp(`(<!-- ${name}:[^>]*-->\n)([^]*?)(<!-- /${name} -->)`);
    const page = readFileSync(path, 'utf8');
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(
        path,
        page.replace(section, (_, begin, _old, end) => `${begin}\n${expected}\n\n${end}`),
      );
    } else {
      t.is(normalize(section.exec(page)?.[2] ?? 'no such section'), normalize(expected));
    }
    t.pass();
  });
}
