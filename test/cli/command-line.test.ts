import test from 'ava';
import { countOf, onlyWord, readCommandLine } from '../../src/cli/command-line.js';
import { UsageError } from '../../src/cli/command-error.js';

const page = {
  name: 'anchor try',
  usage: ['[options] THING'],
  options: {
    interactive: { short: 'i', help: 'a switch' },
    tty: { short: 't', help: 'a switch' },
    output: { short: 'o', value: 'FILE', help: 'a value' },
    env: { value: 'NAME', many: true, help: 'values' },
  },
} as const;

test('switches, values and values that add up', (t) => {
  const args = ['-it', '--output', 'a', '-ob', '--env=A=1', 'word', '--env', 'B', '--', '--env'];
  t.deepEqual(readCommandLine(page, args), {
    options: { interactive: true, tty: true, output: 'b', env: ['A=1', 'B'] },
    help: false,
    words: ['word'],
    rest: ['--env'],
  });
});

test('before a command, options end at the first word', (t) => {
  const read = (...args: string[]) => readCommandLine(page, args, 'before-command');
  t.deepEqual(read('-i', 'plank', 'ls', '-t', '--help').rest, ['plank', 'ls', '-t', '--help']);
  t.deepEqual(read('-i', 'plank', 'ls', '-t', '--help').options, { interactive: true });
  t.deepEqual(read('--env', 'A', '--', 'ls', '--nonsense').rest, ['--', 'ls', '--nonsense']);
  t.is(read('-i').rest, null);
  t.true(read('-h', 'plank').help);
  t.false(read('plank', '--help').help);
});

test('`-` is a value, and so is what follows =', (t) => {
  t.is(readCommandLine(page, ['--output', '-']).options.output, '-');
  t.is(readCommandLine(page, ['--output=--tty']).options.output, '--tty');
  t.is(readCommandLine(page, ['--output=']).options.output, '');
});

const refused: [args: string[], message: string, hint: RegExp][] = [
  [['--ouptut', 'a'], 'unknown option --ouptut (did you mean --output?)', /anchor try --help/],
  [['--interactiv'], 'unknown option --interactiv (did you mean --interactive?)', /--help/],
  [['--hepl'], 'unknown option --hepl (did you mean --help?)', /--help/],
  [['--zzz'], 'unknown option --zzz', /--help/],
  [['-x'], 'unknown option -x', /--help/],
  [['-ix'], 'unknown option -x', /--help/],
  [['--constructor'], 'unknown option --constructor', /--help/],
  [['--__proto__'], 'unknown option --__proto__', /--help/],
  [['--tty=yes'], '--tty takes no value', /--help/],
  [['--output'], '--output needs a value: FILE', /--help/],
  [['--output', '--tty'], '--output needs a value, got --tty', /--output=--tty/],
];

for (const [args, message, hint] of refused) {
  test(`refused: ${args.join(' ')}`, (t) => {
    const error = t.throws(() => readCommandLine(page, args), { instanceOf: UsageError, message });
    t.regex(error.hint ?? '', hint);
  });
}

test('one word and no more', (t) => {
  const word = (...args: string[]) => onlyWord(page, readCommandLine(page, args), 'THING');
  t.is(word('a'), 'a');
  t.is(word('--', '--a'), '--a');
  t.throws(() => word(), { message: 'THING is missing' });
  t.throws(() => word('a', 'b'), { message: 'one word too many: b' });
});

test('counts', (t) => {
  t.is(countOf(undefined, '-n', 7, 10), 7);
  t.is(countOf('10', '-n', 7, 10), 10);
  for (const text of ['0', '11', '-1', '1e1', '1.5', '', ' 1', '01', '99999999999']) {
    t.throws(() => countOf(text, '-n', 7, 10), {
      message: /^-n: expected a whole number from 1 to 10, got "/,
    });
  }
});
