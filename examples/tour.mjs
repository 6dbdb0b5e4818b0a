// A tour of a room: builds a plank, looks around in a room, lets another one run into its deadline, and counts what is
// left. Needs root, and a built package: `npm start` takes care of that.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Anchor } from 'anchor-rooms';
import { layOut } from './tour/plank.mjs';
import { takeStock, whatIsLeft } from './tour/remains.mjs';

const directory = mkdtempSync(join(tmpdir(), 'anchor-tour-'));
const before = takeStock();
try {
  await tour(join(directory, 'tour.sqsh'));
} catch (error) {
  console.error(`\n${error.name} ${error.code ?? ''}: ${error.message}`);
  if (error.hint !== undefined) console.error(`hint: ${error.hint}`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
await settle();

async function tour(plank) {
  const anchor = await Anchor.open();
  try {
    heading('A plank');
    const built = await anchor.planks.build({ source: layOut(directory), output: plank });
    console.log(
      `  ${built.format}, ${built.compression}, ${built.inodes} inodes, ${built.size} bytes\n  ${built.identity}`,
    );
    await lookAround(anchor, plank);
    await runIntoDeadline(anchor, plank);
    heading('The same again, twenty times');
    await repeat(anchor, plank, 20);
  } finally {
    await anchor.close();
  }
}

async function lookAround(anchor, plank) {
  const room = await anchor.spawn({
    plank,
    command: ['inside'],
    env: { PATH: '/bin', COLOUR: 'granite' },
    hostname: 'tour',
    limits: { disk: '16MiB' },
  });
  heading(`A room, seen from inside: ${room.id}, PID ${room.pid} of the host`);
  room.stdin.end();
  await pipeline(room.stdout, process.stdout, { end: false });
  const outcome = await room.exited;
  heading('How it ended');
  printOutcome(outcome);
  heading('Where the time of its start went');
  printTimings(room.timings);
  const { identity, namespaces, seccomp, notes } = room.granted;
  heading('What it was granted, and how');
  console.log(`  namespaces    ${namespaces.join(' ')}`);
  console.log(
    `  ids           0 to ${identity.size - 1} are ${identity.base} to ${identity.base + identity.size - 1} of the host`,
  );
  console.log(`  system calls  profile ${seccomp.profile}, ${seccomp.instructions} instructions`);
  for (const { field, text } of notes) console.log(`  note          ${field}: ${text}`);
}

async function runIntoDeadline(anchor, plank) {
  heading('A room that would sleep for an hour, with a lifetime of 300 ms');
  const { outcome } = await anchor.run({ plank, command: ['sleep', '3600'], lifetime: '300ms' });
  printOutcome(outcome);
}

async function repeat(anchor, plank, times) {
  const totals = [];
  for (let i = 0; i < times; i++) {
    const { room } = await anchor.run({ plank, command: ['true'] });
    totals.push(room.timings.total);
  }
  totals.sort((a, b) => a - b);
  console.log(
    `  from spawn() to execve: median ${micro(totals[times >> 1])}, fastest ${micro(totals[0])}, slowest ${micro(totals[times - 1])}`,
  );
}

/** Nothing may be left. */
async function settle() {
  heading('Before and after');
  const { after, left } = await whatIsLeft(before, 5000);
  for (const [kind, names] of Object.entries(after)) {
    console.log(
      `  ${kind.padEnd(26)} ${String(before[kind].length).padStart(4)} ${String(names.length).padStart(4)}`,
    );
  }
  for (const name of left) console.error(`  left behind: ${name}`);
  if (left.length > 0) process.exitCode = 1;
  else console.log('  Nothing is left.');
}

function printOutcome({ reason, exitCode, signal, usage, limits }) {
  console.log(`  outcome ${reason}, exit code ${exitCode}, signal ${signal}`);
  console.log(`  usage   ${usage.wall} µs wall, ${usage.cpuUser} µs user, ${usage.cpuSystem} µs system`);
  console.log(
    `          memory peak ${bytes(usage.memoryPeak)}, largest process ${bytes(usage.maxRss)}, disk ${bytes(usage.diskPeak)}`,
  );
  if (limits.length > 0) console.log(`  limits  ${limits.map(({ limit }) => limit).join(', ')}`);
}

function printTimings({ total, phases }) {
  for (const [name, duration] of Object.entries(phases))
    console.log(`  ${name.padEnd(12)} ${micro(duration).padStart(12)}`);
  console.log(`  ${'total'.padEnd(12)} ${micro(total).padStart(12)}`);
}

function heading(text) {
  console.log(`\n${text}\n${'─'.repeat([...text].length)}`);
}

function micro(value) {
  return `${value.toFixed(1)} µs`;
}

function bytes(value) {
  return value === null ? 'not counted' : `${Math.round(value / 1024)} KiB`;
}
