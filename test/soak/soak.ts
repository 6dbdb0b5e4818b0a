import { setTimeout as sleep } from 'node:timers/promises';
import { stat } from 'node:fs/promises';
import { Anchor } from '../../src/index.js';
import { Random } from '../fuzz/random.js';
import { settled } from '../helpers/leftovers.js';
import { loadAllocator, type Allocator } from './allocator.js';
import { kernelObjects, moreThan, takeCensus, type Census, type Kind, type Signs } from './census.js';
import { nameOf } from './ends.js';
import { driftOf, sampleMemory, WARM, type Drift, type MemorySample } from './memory.js';
import type { SoakOptions } from './options.js';
import { chooseAnchor, tryClose, tryKill, tryTerminate } from './owner-trials.js';
import { Pace } from './pace.js';
import { chooseRoom, type Means } from './room-choice.js';
import { tryRoom, type Fate, type Seen, type Witness } from './room-trial.js';
import { tryAgain, tryPool } from './waiting-trials.js';

/** What came of a soak. */
export interface SoakReport {
  readonly seed: number;
  readonly rooms: number;
  readonly seconds: number;
  /** What was seen of each kind of end, and how often. */
  readonly ends: ReadonlyMap<string, ReadonlyMap<Seen, number>>;
  /** How rooms were asked for, and whether they waited already. */
  readonly ways: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly leftovers: readonly Leftovers[];
  /** Of the whole machine; see `kernelObjects()`. */
  readonly kernel: { readonly before: Counts; readonly after: Counts; readonly allowance: number };
  readonly memory: readonly MemorySample[];
  readonly drift: Drift;
  /** Everything that did not go as it should have. */
  readonly complaints: readonly string[];
}

/** How many there were of a kind. */
export interface Leftovers {
  readonly kind: Kind;
  readonly before: number;
  /** While the Anchor of the soak had no room, at the end of the first tenth and at the end. */
  readonly idle: readonly [warm: number, last: number];
  readonly after: number;
  readonly left: readonly string[];
}

export type Counts = Readonly<Record<string, number>>;

const MOST_IN_FLIGHT = 32;
const CHECKPOINTS = 10;
/** No room takes so long, however busy the machine is. */
const PATIENCE_MS = 120_000;

/** Makes rooms and brings them to their ends, many at once, and counts what that leaves. */
export class Soak {
  readonly #options: SoakOptions;
  readonly #means: Means;
  readonly #signs: Signs;
  readonly #tell: (line: string) => void;
  readonly #show: (line: string) => void;
  readonly #ends = new Map<string, Map<Seen, number>>();
  readonly #ways = new Map<string, Map<string, number>>();
  readonly #complaints: string[] = [];
  readonly #memory: MemorySample[] = [];
  #rooms = 0;
  #trials = 0;

  /** `tell`: a line that stays; `show`: one that the next replaces. */
  constructor(
    options: SoakOptions,
    means: Means,
    signs: Signs,
    tell: (line: string) => void,
    show: (line: string) => void,
  ) {
    this.#options = options;
    this.#means = means;
    this.#signs = signs;
    this.#tell = tell;
    this.#show = show;
  }

  async run(): Promise<SoakReport> {
    const allocator = await loadAllocator();
    await this.#warmUp();
    const before = takeCensus(this.#signs);
    const kernelBefore = kernelObjects();
    const begin = Date.now();
    // So short that planks are let go and mounted again all the time.
    const anchor = await Anchor.open({ plankIdle: '100ms' });
    const idle: Census[] = [];
    const random = new Random(this.#options.seed);
    for (let checkpoint = 1; checkpoint <= CHECKPOINTS; checkpoint++) {
      const goal = checkpoint / CHECKPOINTS;
      while (this.#progress(begin) < goal) {
        await this.#wave(anchor, random);
        this.#show(`${this.#rooms} rooms, ${Math.floor(this.#progress(begin) * 100)} %`);
      }
      idle.push(await this.#checkpoint(anchor, goal, allocator));
    }
    await anchor.close();
    const warm = idle[Math.round(WARM * CHECKPOINTS) - 1] as Census;
    const last = idle.at(-1) as Census;
    const kinds = Object.keys(before) as Kind[];
    const left = (): string[] => {
      const now = takeCensus(this.#signs);
      return kinds.flatMap((kind) => moreThan(before, now, kind));
    };
    await settled(left);
    const after = takeCensus(this.#signs);
    return {
      seed: this.#options.seed,
      rooms: this.#rooms,
      seconds: (Date.now() - begin) / 1000,
      ends: this.#ends,
      ways: this.#ways,
      leftovers: kinds.map((kind) => ({
        kind,
        before: before[kind].length,
        idle: [warm[kind].length, last[kind].length],
        after: after[kind].length,
        left: moreThan(before, after, kind),
      })),
      kernel: await this.#kernelAfter(kernelBefore),
      memory: this.#memory,
      drift: driftOf(this.#memory),
      complaints: this.#complaints,
    };
  }

  /** What a process has for ever once it has done something for the first time: threads of libuv's pool, its signal pipe. */
  async #warmUp(): Promise<void> {
    await Promise.all(Array.from({ length: 16 }, () => stat('/')));
    const random = new Random(this.#options.seed);
    await tryClose(random, this.#means, () => {}, this.#witness);
    await tryKill(random, this.#means, this.#trials++, () => {}, this.#complain);
    await tryTerminate(random, this.#means, () => {}, this.#complain);
    await sleep(200);
  }

  #progress(begin: number): number {
    const { rooms, seconds } = this.#options;
    return Math.max(this.#rooms / rooms, (Date.now() - begin) / 1000 / seconds);
  }

  /** So many rooms at once, and now and then one who makes rooms and ends before they do. */
  async #wave(anchor: Anchor, random: Random): Promise<void> {
    const second = random.chance(4) ? await Anchor.open(chooseAnchor(random)) : null;
    const anchors = second === null ? [anchor] : [anchor, second];
    const pooling = random.pick(anchors);
    const trials: Trial[] = [];
    for (let width = 1 + random.below(MOST_IN_FLIGHT); width > 0; width--)
      trials.push(this.#roomTrial(random.pick(anchors)));
    const number = this.#trials;
    const add = (name: string, run: (own: Random) => Promise<number>): void => {
      const own = this.#generator();
      trials.push({ name, run: () => run(own) });
    };
    if (random.chance(6)) add('close', (own) => tryClose(own, this.#means, this.#note, this.#witness));
    if (random.chance(8)) add('kill', (own) => tryKill(own, this.#means, number, this.#note, this.#complain));
    if (random.chance(12))
      add('terminate', (own) => tryTerminate(own, this.#means, this.#note, this.#complain));
    if (random.chance(5))
      add('pool', (own) => tryPool(own, pooling, this.#means, this.#note, this.#noteWay, this.#witness));
    if (random.chance(5))
      add('again', (own) => tryAgain(own, this.#means, this.#note, this.#noteWay, this.#witness));
    for (const count of await inTime(trials)) this.#rooms += count;
    await second?.close();
  }

  #roomTrial(anchor: Anchor): Trial {
    const choice = chooseRoom(this.#generator(), this.#means);
    const run = async (): Promise<number> => {
      const fate = await tryRoom((options) => anchor.spawn(choice.spec, options), choice, this.#witness);
      this.#note(nameOf(choice.end), fate.seen);
      this.#noteWay('spawn', fate);
      return 1;
    };
    return { name: JSON.stringify(choice), run };
  }

  /** Each trial has its own, so that what one of them draws does not depend on the others. */
  #generator(): Random {
    return new Random((this.#options.seed ^ Math.imul(++this.#trials, 0x9e3779b1)) | 0);
  }

  /** The Anchor has no room, but as many blank ones as it wants. */
  async #checkpoint(anchor: Anchor, at: number, allocator: Allocator): Promise<Census> {
    await anchor.ready();
    await settled(() => [...takeCensus(this.#signs)['loop devices']]);
    const sample = await sampleMemory(at, this.#rooms, allocator);
    this.#memory.push(sample);
    const census = takeCensus(this.#signs);
    const { descriptors, threads, processes } = census;
    this.#tell(
      `${Math.round(at * 100)} %: ${this.#rooms} rooms, RSS ${megabytes(sample.rss)}, trimmed ${megabytes(sample.trimmed)}, malloc ${megabytes(sample.malloc)}, heap ${megabytes(sample.heapUsed)}, ` +
        `${descriptors.length} descriptors, ${threads.length} threads, ${processes.length} processes, ` +
        `${this.#complaints.length} complaints`,
    );
    return census;
  }

  /** The kernel cleans up after network namespaces in its own time. */
  async #kernelAfter(before: Counts): Promise<SoakReport['kernel']> {
    const allowance = 512 + Math.round(this.#rooms / 50);
    const grown = (now: Counts): boolean =>
      Object.entries(now).some(([name, count]) => count > (before[name] ?? count) + allowance);
    for (const end = Date.now() + 60_000; grown(kernelObjects()) && Date.now() < end;) await sleep(500);
    return { before, after: kernelObjects(), allowance };
  }

  readonly #note = (end: string, seen: Seen): void => count(this.#ends, end, seen);

  readonly #noteWay = (way: string, { waited }: Fate): void =>
    count(this.#ways, way, waited === null ? 'never ran' : waited ? 'had waited' : 'made when asked for');

  readonly #complain = (text: string): void => {
    this.#complaints.push(text);
    this.#tell(`complaint: ${text}`);
  };

  readonly #witness: Witness = { complain: this.#complain, pace: new Pace() };
}

function count(counts: Map<string, Map<string, number>>, row: string, column: string): void {
  const known = counts.get(row) ?? new Map<string, number>();
  known.set(column, (known.get(column) ?? 0) + 1);
  counts.set(row, known);
}

/** Something that makes rooms; resolves to how many, once they are over. */
interface Trial {
  readonly name: string;
  readonly run: () => Promise<number>;
}

/** All of them at once. */
async function inTime(trials: readonly Trial[]): Promise<number[]> {
  const unfinished = new Set(trials);
  const over = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: over.signal }).then(() => {
    const names = [...unfinished].map(({ name }) => name).join('\n');
    throw new Error(`not over after ${PATIENCE_MS / 1000} s:\n${names}`);
  });
  try {
    const all = trials.map(async (trial) => {
      const count = await trial.run();
      unfinished.delete(trial);
      return count;
    });
    return await Promise.race([Promise.all(all), late]);
  } finally {
    over.abort();
    late.catch(() => {});
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
