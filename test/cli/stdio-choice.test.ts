import test from 'ava';
import { UsageError } from '../../src/cli/command-error.js';
import { chooseStdio, type StdioWish } from '../../src/cli/stdio-choice.js';

const piped: StdioWish = { interactive: false, tty: false, terminals: [false, false, false], size: null };
const terminal: StdioWish = { ...piped, terminals: [true, true, true], size: { columns: 100, rows: 30 } };

const table: [name: string, fromSpec: unknown, wish: StdioWish, stdio: unknown, typing: boolean][] = [
  ['files and pipes are handed over', undefined, piped, ['ignore', 'inherit', 'inherit'], false],
  ['-i', undefined, { ...piped, interactive: true }, ['inherit', 'inherit', 'inherit'], false],
  ['a terminal is not', undefined, terminal, ['ignore', 'pipe', 'pipe'], false],
  ['-i at a terminal', undefined, { ...terminal, interactive: true }, ['pipe', 'pipe', 'pipe'], false],
  [
    'only stderr is a terminal',
    undefined,
    { ...piped, terminals: [false, false, true] },
    ['ignore', 'inherit', 'pipe'],
    false,
  ],
  [
    '-it',
    undefined,
    { ...terminal, interactive: true, tty: true },
    { pty: { columns: 100, rows: 30 } },
    true,
  ],
  ['-t', undefined, { ...terminal, tty: true }, { pty: { columns: 100, rows: 30 } }, false],
  ['-t without a terminal', undefined, { ...piped, tty: true }, { pty: {} }, false],
  [
    'pty of a spec at a terminal',
    { pty: { columns: 5 } },
    terminal,
    { pty: { columns: 100, rows: 30 } },
    true,
  ],
  ['pty of a spec without one', { pty: { columns: 5 } }, piped, { pty: { columns: 5 } }, false],
  ['pipe of a spec', 'pipe', piped, ['ignore', 'inherit', 'inherit'], false],
  ['inherit of a spec', 'inherit', terminal, ['pipe', 'pipe', 'pipe'], false],
  ['streams of a spec', ['inherit', 'ignore', 7], piped, ['inherit', 'ignore', 7], false],
  [
    '-i with streams of a spec',
    ['ignore', 'ignore', 'pipe'],
    { ...piped, interactive: true },
    ['inherit', 'ignore', 'inherit'],
    false,
  ],
  ['what is wrong in a spec stays', ['pipe'], piped, ['pipe'], false],
  ['what is wrong in a spec stays, a number', 5, piped, 5, false],
];

for (const [name, fromSpec, wish, stdio, typing] of table) {
  test(name, (t) => {
    t.deepEqual(chooseStdio(fromSpec, wish) as unknown, { stdio, typing });
  });
}

test('-it without a terminal is refused', (t) => {
  const wish = { ...piped, interactive: true, tty: true };
  t.throws(() => chooseStdio(undefined, wish), { instanceOf: UsageError, message: /^-it needs a terminal/ });
});
