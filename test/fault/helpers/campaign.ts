import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { scratch } from '../../helpers/image.js';
import { roomPlank } from '../../helpers/room.js';
import type { Answer, Order } from './driver.js';
import { injectorProgram, type Count, type Role, type Target } from './injector.js';
import type { ScenarioName } from './scenarios.js';

/** Longer than anything that waits by design, and than the search for what is left. */
const patience = 90_000;

/** A program that tries orders, one after the other, in a Node of its own; another one takes its place when it is over. */
export class Campaign {
  readonly #t: ExecutionContext;
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;

  private constructor(t: ExecutionContext, args: readonly string[]) {
    this.#t = t;
    this.#args = args;
  }

  static async start(t: ExecutionContext): Promise<Campaign> {
    const directory = await scratch(t);
    const plank = join(directory, 'room.sqsh');
    await copyFile(await roomPlank(), plank);
    await writeFile(join(directory, 'file'), 'content\n');
    const campaign = new Campaign(t, [await injectorProgram(), plank, directory]);
    t.teardown(() => campaign.#child?.kill('SIGKILL'));
    return campaign;
  }

  /** Calls that these roles make in the scenario when nothing fails. The second time: the first one makes what is made once. */
  async record(scenario: ScenarioName, roles: readonly Role[]): Promise<readonly Count[]> {
    await this.try({ scenario, target: null });
    const answer = await this.try({ scenario, target: null });
    if ('over' in answer || answer.error !== null || answer.next !== null || answer.left.length > 0)
      throw new Error(`${scenario} without any fault: ${JSON.stringify(answer)}`);
    return answer.counts.filter(({ role }) => roles.includes(role));
  }

  async try(order: Order): Promise<Answer> {
    // Of one order, begun anew with each: how many there are, and how fast the machine is, is not what is tried.
    this.#t.timeout(2 * patience);
    const child = (this.#child ??= this.#fork());
    const over = new AbortController();
    const { signal } = over;
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    child.send(order);
    try {
      return await Promise.race([
        once(child, 'message', { signal }).then(([answer]) => answer as Answer),
        once(child, 'exit', { signal }).then(([code, name]) => ({ over: `${String(code)} ${String(name)}` })),
      ]);
    } finally {
      clearTimeout(timer);
      over.abort();
      if (child.exitCode !== null || child.signalCode !== null) this.#child = null;
    }
  }

  #fork(): ChildProcess {
    const driver = fileURLToPath(new URL('driver.js', import.meta.url));
    return fork(driver, this.#args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }
}

/** Every call that was recorded, with what becomes of it; of a kind that is made more than `most` times, so many of them. */
export function targetsOf(counts: readonly Count[], most: number, error: (count: Count) => number): Target[] {
  return counts.flatMap((counted) => {
    const { role, call, count } = counted;
    const tried = Math.min(count, most);
    return Array.from({ length: tried }, (_, at) => {
      const nth = tried === count ? at + 1 : 1 + Math.floor((at * count) / tried);
      return { role, call, nth, error: error(counted) };
    });
  });
}
