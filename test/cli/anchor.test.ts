import { readFile } from 'node:fs/promises';
import test from 'ava';
import type { HostReport } from '../../src/index.js';
import { anchor, program, Terminal } from './anchor-command.js';

test('the entry can be executed by its name', async (t) => {
  t.true((await readFile(program, 'utf8')).startsWith('#!/usr/bin/env node\n'));
});

test('version and help', async (t) => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  t.is((await anchor(['--version'])).stdout, `${version}\n`);
  const help = await anchor(['--help']);
  t.is(help.code, 0);
  t.regex(help.stdout, /^Usage: anchor COMMAND …\n/);
  t.is((await anchor(['help'])).stdout, help.stdout);
  t.is((await anchor(['help', 'run'])).stdout, (await anchor(['run', '--help'])).stdout);
  t.regex((await anchor(['plank', 'build', '-h'])).stdout, /^Usage: anchor plank build /);
});

test('without a command, or with an unknown one, it exits with 2', async (t) => {
  const none = await anchor([]);
  t.deepEqual([none.code, none.stdout], [2, '']);
  t.regex(none.stderr, /^Usage: anchor COMMAND/);
  const typos: [args: string[], message: string][] = [
    [['rnu', 'host', 'true'], 'there is no command anchor rnu (did you mean run?)'],
    [['plank', 'biuld'], 'there is no command anchor plank biuld (did you mean build?)'],
    [['--verison'], 'unknown option --verison (did you mean --version?)'],
    [['constructor'], 'there is no command anchor constructor'],
    [['doctor', 'who'], 'one word too many: who'],
    [['bench', 'host', 'true'], 'one word too many: true'],
    [['bench', '-n', '0'], '--number: expected a whole number from 1 to 1000000, got "0"'],
  ];
  for (const [args, message] of typos) {
    const { code, stdout, stderr } = await anchor(args);
    t.deepEqual([code, stdout, stderr.split('\n')[0]], [2, '', `anchor: ${message}`]);
  }
});

test('the doctor', async (t) => {
  const { code, stdout } = await anchor(['doctor', '--json']);
  const report = JSON.parse(stdout) as HostReport;
  t.is(code, report.ok ? 0 : 1);
  t.true(report.capabilities.some(({ name }) => name === 'clone3'));
  const text = await anchor(['doctor']);
  t.is(text.code, code);
  for (const { name } of report.capabilities) t.regex(text.stdout, new RegExp(`^  (yes|no )  ${name} `, 'm'));
  t.false(text.stdout.includes('\x1b'));

  const env = { ...process.env, TERM: 'xterm', NO_COLOR: '' };
  const terminal = new Terminal(['doctor'], env);
  await terminal.ended;
  t.true(terminal.shown.includes('\x1b[32myes\x1b[0m'));
  const plain = new Terminal(['doctor'], { ...env, NO_COLOR: '1' });
  await plain.ended;
  t.false(plain.shown.includes('\x1b'));
});
