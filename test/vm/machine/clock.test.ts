// Somebody sets the clock of the machine while rooms live. Lifetimes and times of outcomes are by CLOCK_MONOTONIC, so nothing changes.
import { execFileSync } from 'node:child_process';
import test from 'ava';
import { Anchor, type Outcome, type Room } from '../../../src/index.js';
import { assertNothingLeft, standing } from '../../helpers/leftovers.js';
import { nextText, planks, shell } from '../../helpers/vm-guest.js';

const plank = planks.squashfs;
const tenYears = 10 * 365 * 86_400;

/** Seconds that the clock is away from where it was. */
let shift = 0;

function jump(seconds: number): void {
  execFileSync('date', ['-s', `@${Math.round(Date.now() / 1000) + seconds}`], { stdio: 'ignore' });
  shift += seconds;
}

test.afterEach.always(() => jump(-shift));

/** As if nobody had touched the clock: longer than nothing, shorter than the test may take. */
function sane({ usage, timings }: Outcome): boolean {
  const most = 600e6; // microseconds
  const times = [usage.wall, timings.total, ...Object.values(timings.phases)];
  return times.every((time) => time >= 0 && time < most) && usage.wall > 0;
}

async function says(room: Room, word: string): Promise<string> {
  room.stdin?.write(`${word}\n`);
  return (await nextText(room.stdout)).trim();
}

const parrot = 'echo ready; while read line; do echo $line; done';

for (const [name, seconds] of [
  ['forwards', tenYears],
  ['backwards', -tenYears],
] as const) {
  test.serial(`ten years ${name}`, async (t) => {
    const before = await standing(plank);
    const anchor = await Anchor.open({ reserve: 2, plankIdle: '1h' });
    const pool = anchor.pool({ plank, lifetime: '1h' }, { size: 1, refill: 'idle' });
    await Promise.all([pool.ready(), anchor.ready()]);
    const hour = await anchor.spawn(shell(parrot, { lifetime: '1h' }));
    const short = await anchor.spawn(shell(parrot, { lifetime: '5s' }));
    const endless = await anchor.spawn(shell(parrot));
    for (const room of [hour, short, endless]) await nextText(room.stdout);
    jump(seconds);
    const end = await short.exited;
    t.is(end.reason, 'timed-out', 'by the time that it had, not by the clock');
    t.true(end.usage.wall >= 5e6, `${end.usage.wall}`);
    t.true(sane(end));
    // Who was given an hour lives, also after the jump, and can be given less.
    t.is(await says(hour, 'here'), 'here');
    t.is(await says(endless, 'too'), 'too');
    hour.extend('1s');
    const ended = await hour.exited;
    t.is(ended.reason, 'timed-out');
    t.true(sane(ended));
    // What was made before the jump, or is made after it, is as good as ever.
    const taken = await pool.take({ command: ['/bin/echo', 'fine'] });
    t.is(await nextText(taken.stdout), 'fine\n');
    const { reason, ...rest } = await taken.exited;
    t.is(reason, 'exited');
    t.true(sane({ reason, ...rest }));
    const { stdout, outcome } = await anchor.run(shell('echo fine', { lifetime: '1h' }));
    t.deepEqual([stdout, outcome.reason, sane(outcome)], ['fine\n', 'exited', true]);
    endless.stdin?.end();
    const last = await endless.exited;
    t.deepEqual([last.reason, sane(last)], ['exited', true]);
    await anchor.close();
    await assertNothingLeft(t, before, plank);
  });
}
