import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/** Waits for so many microseconds, to a few of them, while everything else goes on. */
export async function microseconds(count: number): Promise<void> {
  const until = performance.now() + count / 1000;
  // A timer knows whole milliseconds only.
  const whole = Math.floor(count / 1000) - 1;
  if (whole > 0) await sleep(whole);
  while (performance.now() < until) await turn();
}
