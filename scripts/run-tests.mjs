// Runs suites one after the other and adds up their results:
//   node scripts/run-tests.mjs            what `npm test` runs
//   node scripts/run-tests.mjs --ci       that, and what only CI runs
//   node scripts/run-tests.mjs checks     only what CI adds
//   node scripts/run-tests.mjs unit types  these
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { hostState, lastingChanges } from './host-state.mjs';
import { reports } from './report.mjs';
import { root } from './setup/run.mjs';
import { suites } from './suites.mjs';

const logs = join(root, '.cache/logs');

const totals = { passed: 0, failed: 0, skipped: [] };
mkdirSync(logs, { recursive: true });
const chosen = choose(process.argv.slice(2));
const before = hostState();
for (const suite of chosen) add(await runSuite(suite));
add(await lookAtHost());

const unexplained = totals.skipped.filter((title) => !reasons().some(([pattern]) => pattern.test(title)));
for (const title of totals.skipped) {
  const reason = reasons().find(([pattern]) => pattern.test(title))?.[1];
  console.log(`skipped: ${title} (${reason ?? 'no reason in test/skips.md'})`);
}
// A skip that nobody explained is a test that nobody runs.
if (process.env['CI'] && unexplained.length > 0) totals.failed += unexplained.length;
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped.length} skipped`);
process.exitCode = totals.failed === 0 ? 0 : 1;

function choose(words) {
  if (words.length === 0) return suites.filter((suite) => !suite.ci);
  if (words[0] === '--ci') return suites;
  return words.flatMap((word) => {
    const chosen =
      word === 'checks' ? suites.filter((suite) => suite.ci) : suites.filter((suite) => suite.name === word);
    if (chosen.length > 0) return chosen;
    console.error(`no suite "${word}"; there are: checks, ${suites.map((suite) => suite.name).join(', ')}`);
    process.exit(2);
  });
}

async function runSuite(suite) {
  console.log(`== ${suite.name}${suite.about ? `: ${suite.about}` : ''}`);
  const begin = Date.now();
  const report = new reports[suite.format]((line) => console.log(`   ${line}`));
  const log = createWriteStream(join(logs, `${suite.name}.log`));
  const status = await execute(suite.command, (line) => {
    log.write(`${line}\n`);
    report.line(line);
  });
  report.end(status);
  log.end();
  const counts = `${report.passed} passed, ${report.failed} failed, ${report.skipped.length} skipped`;
  console.log(
    `   ${counts}, ${((Date.now() - begin) / 1000).toFixed(1)} s${report.failed > 0 ? `; all output: .cache/logs/${suite.name}.log` : ''}`,
  );
  return report;
}

/** One test more: whatever rooms were told to do, and however they ended. */
async function lookAtHost() {
  console.log('== host: it is as it was');
  const found = await lastingChanges(before);
  for (const line of found) console.log(`   not ok - ${line}`);
  return { passed: found.length === 0 ? 1 : 0, failed: found.length === 0 ? 0 : 1, skipped: [] };
}

/** stdout and stderr line by line; resolves to the exit status, or to the name of the signal. */
function execute([command, ...args], onLine) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      onLine(error.message);
      resolve(127);
    });
    child.on('close', (code, signal) => resolve(signal ?? code));
  });
}

function add(report) {
  totals.passed += report.passed;
  totals.failed += report.failed;
  totals.skipped.push(...report.skipped);
}

/** The table of test/skips.md: a pattern of titles (`*` stands for anything) and why. */
function reasons() {
  const text = readFileSync(join(root, 'test/skips.md'), 'utf8');
  return [...text.matchAll(/^\| `(.+?)` *\| (.+?) *\|$/gm)].map(([, pattern, reason]) => [
    new RegExp(`^${pattern.split('*').map(escape).join('.*')}$`),
    reason,
  ]);
}

function escape(text) {
  return text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');
}
