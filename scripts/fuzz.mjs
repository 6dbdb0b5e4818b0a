// Fuzzing: `npm run fuzz -- --seconds 120` runs every target, two at a time, for that long in all, and prints TAP.
// `npm run fuzz -- record plan` runs these. Inputs that were found are kept in .cache/fuzz; one that breaks a target
// belongs into test/fuzz/seeds once it is mended.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './setup/run.mjs';

const cache = join(root, '.cache/fuzz');

// Each lane is done one after the other, beside the other; `share` is of the lane's time.
const lanes = [
  [
    { name: 'room-init', share: 0.75, command: libFuzzer, options: ['-max_len=65536'] },
    { name: 'record', share: 0.25, command: libFuzzer, options: ['-max_len=1024'] },
  ],
  [
    { name: 'plan', share: 0.5, command: script, env: sanitizedAddon },
    { name: 'readers', share: 0.5, command: script, env: () => ({}) },
  ],
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' } },
});
const seconds = Number(values.seconds);
const chosen = lanes.map((lane) =>
  lane.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
);
const wanted = chosen.flat();
if (wanted.length === 0 || !(seconds > 0)) {
  console.error(`targets: ${lanes.flat().map(({ name }) => name)}; --seconds N`);
  process.exit(2);
}

if (wanted.some(({ command }) => command === libFuzzer)) {
  build('scripts/native-fuzz.sh');
  for (const name of ['room-init', 'record']) mkdirSync(join(cache, 'seeds', name), { recursive: true });
  check(
    spawnSync('build-fuzz/fuzz-seeds', [join(cache, 'seeds')], { cwd: root, stdio: 'inherit', env: quiet() }),
  );
}
if (wanted.some(({ env }) => env === sanitizedAddon))
  build('scripts/native-build.sh', 'build-asan', '-DANCHOR_SANITIZE=address,undefined');

let count = 0;
let failed = 0;
await Promise.all(
  chosen.map(async (lane) => {
    const whole = lane.reduce((sum, { share }) => sum + share, 0);
    for (const target of lane) await run(target, Math.max(1, Math.round((seconds * target.share) / whole)));
  }),
);
console.log(`1..${count}`);
process.exitCode = failed === 0 ? 0 : 1;

async function run(target, time) {
  const { file, args, env } = target.command(target, time);
  const lines = [];
  const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      lines.push(...String(piece).split('\n').filter(Boolean));
      if (lines.length > 2000) lines.splice(0, lines.length - 1000);
    });
  // Twice the time and a minute: what hangs is a finding too.
  const guard = setTimeout(() => child.kill('SIGABRT'), (2 * time + 60) * 1000);
  const status = await new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)));
  clearTimeout(guard);
  const good = status === 0;
  if (!good) failed++;
  const told = lines.findLast((line) => /^(Done \d+ runs|\d+ trials)/.test(line)) ?? `ended with ${status}`;
  console.log(`${good ? 'ok' : 'not ok'} ${++count} - fuzz ${target.name}`);
  console.log(`# ${target.name}: ${told}`);
  if (!good) for (const line of lines.slice(-80)) console.log(`  ${line}`);
}

function libFuzzer({ name, options }, time) {
  const corpus = join(cache, name);
  mkdirSync(corpus, { recursive: true });
  const seeds = [join(cache, 'seeds', name), join(root, 'test/fuzz/seeds', name)].filter(existsSync);
  const args = [
    `-max_total_time=${time}`,
    '-timeout=20',
    '-rss_limit_mb=2048',
    `-artifact_prefix=${cache}/${name}-`,
  ];
  return { file: `build-fuzz/fuzz-${name}`, args: [...args, ...options, corpus, ...seeds], env: quiet() };
}

// Other trials each day, the same ones all day: a failure of CI can be repeated.
function script({ name, env }, time) {
  const first = Math.floor(Date.now() / 86_400_000) * 10_000_000;
  const args = [`.build/test/fuzz/${name}.js`, '--seconds', String(time), '--first', String(first)];
  if (env === sanitizedAddon) args.push('--trace');
  return { file: process.execPath, args, env: { ...process.env, ...env() } };
}

function sanitizedAddon() {
  const library = (file) =>
    spawnSync('g++', [`-print-file-name=${file}`], { encoding: 'utf8' }).stdout.trim();
  return {
    ANCHOR_ROOMS_ADDON: join(root, 'build-asan/Release/anchor_rooms.node'),
    LD_PRELOAD: `${library('libasan.so')}:${library('libubsan.so')}`,
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  };
}

function quiet() {
  return { ...process.env, ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1' };
}

function build(...command) {
  check(spawnSync('sh', command, { cwd: root, stdio: ['ignore', 2, 2] }));
}

function check({ status }) {
  if (status !== 0) process.exit(1);
}
