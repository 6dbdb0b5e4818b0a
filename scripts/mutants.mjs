// npm run test:mutants [-- NAME…]: switches off one rule after the other, in a copy of this tree, and runs the tests that are
// there to hold it. A rule that can be switched off without a test noticing is not held by any.
import { execSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { mutants } from '../test/escape/mutants.mjs';
import { headersOption } from './setup/native.mjs';
import { root } from './setup/run.mjs';

const copy = join(root, '.cache', 'mutants');
const wanted = process.argv.slice(2);
/** Test files that have noticed a mutant. */
const useful = new Set();
const chosen = mutants.filter(({ name }) => wanted.length === 0 || wanted.includes(name));

prepare();
const failing = failingInGuest();
const rows = chosen.map(run);
const width = Math.max(...rows.map(({ name }) => name.length));
console.log(`\n${'rule switched off'.padEnd(width)}  verdict  tests that noticed`);
for (const { name, verdict, detail } of rows)
  console.log(`${name.padEnd(width)}  ${verdict.padEnd(7)}  ${detail}`);
const idle =
  wanted.length > 0
    ? []
    : [...new Set(chosen.flatMap(({ tests }) => tests))].filter((file) => !useful.has(file));
for (const file of idle) console.log(`no mutant is noticed by ${file}`);
const survivors = rows.filter(({ verdict }) => verdict !== 'caught');
console.log(`\n${rows.length - survivors.length} of ${rows.length} caught`);
process.exit(survivors.length + idle.length === 0 ? 0 : 1);

/** A tree of its own: this one stays as it is, whatever happens. */
function prepare() {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  const parts = [
    'native',
    'src',
    'test',
    'types',
    'schema',
    'docs',
    'binding.gyp',
    'package.json',
    'package-lock.json',
    'ava.config.js',
    'scripts/vm',
  ];
  for (const part of parts)
    cpSync(join(root, part), join(copy, part), { recursive: true, preserveTimestamps: true });
  mkdirSync(join(copy, '.build'));
  symlinkSync(join(root, '.cache'), join(copy, '.cache'));
  for (const part of ['src', 'test', 'bench']) {
    const built = join(root, '.build', part);
    if (existsSync(built)) cpSync(built, join(copy, '.build', part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const failure = gyp('configure', ...headersOption()) ?? gyp('build');
  if (failure !== null) throw new Error(failure);
}

function run({ name, tests, match, guest, shell, also = [], ...main }) {
  console.log(name);
  const changes = main.file === undefined ? also : [main, ...also];
  const before = new Map(changes.map(({ file }) => [file, readFileSync(join(copy, file), 'utf8')]));
  try {
    for (const { file, find, replace } of changes) {
      const pieces = readFileSync(join(copy, file), 'utf8').split(find);
      if (pieces.length !== 2)
        return report(name, 'STALE', `${file} has ${pieces.length - 1} times: ${find}`);
      writeFileSync(join(copy, file), pieces.join(replace));
    }
    const failure = build([...before.keys()]);
    if (failure !== null) return report(name, 'BROKEN', failure);
    if (shell !== undefined) execSync(shell.change, { cwd: copy });
    const { status, failed } = test(tests, match, guest);
    const noticed = failed.filter(({ title }) => !guest || !failing.has(title));
    for (const { file } of noticed) useful.add(file);
    if (noticed.length > 0) return report(name, 'caught', summary(noticed, tests));
    if (status === 0 || (guest && failed.length > 0)) return report(name, 'LIVES', tests.join(' '));
    for (const file of tests) useful.add(file);
    return report(name, 'caught', 'the tests do not come to their end');
  } finally {
    if (shell !== undefined) execSync(shell.undo, { cwd: copy });
    for (const [file, text] of before) writeFileSync(join(copy, file), text);
    build([...before.keys()]);
  }
}

/** Titles of the tests that fail. */
function test(tests, match, guest) {
  const pick = match === undefined ? [] : [`--match=${match}`];
  const command = guest
    ? ['scripts/vm/run.mjs', '--minutes', '20', ...pick, ...tests]
    : ['node_modules/ava/entrypoints/cli.mjs', '--tap', '--timeout=60s', ...pick, ...tests];
  const options = { cwd: copy, encoding: 'utf8', maxBuffer: 2 ** 28 };
  const { stdout, status } = spawnSync(process.execPath, command, options);
  // With several files their names come first, without what they have in common.
  const fileOf = (place) =>
    tests.length === 1 ? tests[0] : tests.find((file) => place.includes(`${basename(file, '.test.ts')} › `));
  const failed = [...stdout.matchAll(/^not ok \d+ - (.* › )?(.*)$/gm)]
    .map(([, place = '', title]) => ({ title, file: fileOf(place) }))
    .filter(({ title }) => title !== 'the guest runs all suites and switches itself off');
  return { status, failed, passed: stdout.split('\nok ').length - 1 };
}

/** What fails in the guest with every rule in force, for want of a tool: no mutant is noticed by that. */
function failingInGuest() {
  const files = [...new Set(chosen.flatMap(({ guest, tests }) => (guest ? tests : [])))];
  if (files.length === 0) return new Set();
  console.log('what the guest can run');
  const { failed, passed } = test(files, undefined, true);
  if (passed === 0) throw new Error('no test runs in the guest: node scripts/vm/run.mjs says why');
  const titles = failed.map(({ title }) => title);
  console.log(`  not: ${titles.join(', ') || 'nothing'}`);
  return new Set(titles);
}

function report(name, verdict, detail) {
  console.log(`  ${verdict}: ${detail}`);
  return { name, verdict, detail };
}

function summary(noticed, tests) {
  const [{ title }] = noticed;
  const deaf = tests.filter((test) => !noticed.some(({ file }) => file === test));
  const others = noticed.length === 1 ? '' : ` (and ${noticed.length - 1} more)`;
  return `${title}${others}${deaf.map((file) => `; not by ${file}`).join('')}`;
}

/** Makes again what these files are part of: null, or why that failed. */
function build(files) {
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const { outputText } = ts.transpileModule(readFileSync(join(copy, file), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    });
    writeFileSync(join(copy, '.build', file.replace(/\.ts$/, '.js')), outputText);
  }
  if (files.every((name) => name.endsWith('.ts'))) return null;
  return gyp('build');
}

function gyp(...args) {
  const program = join('node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const made = spawnSync(process.execPath, [program, ...args], {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (made.status === 0) return null;
  return (
    `${made.stdout}${made.stderr}`.split('\n').find((line) => line.includes('error')) ?? 'it does not build'
  );
}
