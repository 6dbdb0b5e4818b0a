import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Vault } from '../../src/index.js';
import { messageOf } from '../drive/open-lanes.js';
import { type Interval, percentile, ratioOfMedians, shuffled } from '../statistics.js';
import { paragraphs, ratioCell, renderTable } from '../table.js';
import {
  allocatedBytes,
  cachedBytes,
  copiers,
  type Copier,
  type CopyPlace,
  dropCached,
  makeSource,
  makeSparse,
  removeCopy,
} from '../workshop/copiers.js';
import type { Question } from './question.js';

export interface CopyAnswer {
  /** Of the file, bytes. */
  readonly size: number;
  readonly lanes: readonly CopyLane[];
}

export interface CopyLane {
  readonly name: string;
  readonly differs: string;
  readonly failure?: string;
  readonly turns: readonly CopyTurn[];
  /** What a sparse file of 64 MiB with 1 MiB of data takes; null: it copies none. */
  readonly sparse: number | null;
}

export interface CopyTurn {
  readonly seconds: number;
  /** Bytes of source and copy that are in the page cache afterwards; the source was not before. */
  readonly cached: number;
}

/** BENCH_COPY_DIR: a directory on the disk in question. */
const place = (): string => process.env['BENCH_COPY_DIR'] ?? tmpdir();

export const copy: Question<CopyAnswer> = {
  name: 'copy',
  asks: 'How fast does a large file come into a vault, and what does that leave in the page cache?',
  due: false,
  async ask({ rounds, random, signal, progress }) {
    const directory = await mkdtemp(join(place(), 'anchor-copy-'));
    // Few rounds, because each of them is gigabytes.
    const size = rounds >= 300 ? 2 ** 31 : 2 ** 28;
    const turns = Math.max(1, Math.round(rounds / 60));
    const here: CopyPlace = {
      directory,
      source: join(directory, 'source'),
      vault: join(directory, 'vault'),
      size,
    };
    try {
      await makeSource(here);
      const sparse = await makeSparse(here);
      await (await Vault.init(here.vault)).close();
      const lanes = [];
      for (const copier of copiers) lanes.push(await laneOf(copier, here, sparse));
      for (let turn = 1; turn <= turns; turn++) {
        progress(`${turn} of ${turns} rounds of ${size / 2 ** 20} MiB`);
        // One after another and in another order each time: whoever else uses the disk disturbs all of them.
        for (const { copier, lane } of shuffled(lanes, random)) {
          signal.throwIfAborted();
          if (lane.failure === undefined) lane.turns.push(await oneTurn(copier, here));
        }
      }
      return { size, lanes: lanes.map(({ lane }) => lane) };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
  render: ({ size, lanes }) => paragraphs(renderLanes(size, lanes), legend),
};

async function laneOf(
  copier: Copier,
  here: CopyPlace,
  sparse: string,
): Promise<{ copier: Copier; lane: CopyLane & { turns: CopyTurn[] } }> {
  const { name, differs } = copier;
  try {
    await copier.find?.();
    if (!copier.copies) return { copier, lane: { name, differs, turns: [], sparse: null } };
    const path = (await copier.copy(here, sparse)) ?? '';
    const allocated = await allocatedBytes(path);
    await removeCopy(here, path);
    return { copier, lane: { name, differs, turns: [], sparse: allocated } };
  } catch (error) {
    return { copier, lane: { name, differs, failure: messageOf(error), turns: [], sparse: null } };
  }
}

async function oneTurn(copier: Copier, here: CopyPlace): Promise<CopyTurn> {
  await dropCached(here.source);
  const begin = performance.now();
  const path = await copier.copy(here, here.source);
  const seconds = (performance.now() - begin) / 1000;
  const cached = (await cachedBytes(here.source)) + (path === null ? 0 : await cachedBytes(path));
  if (path !== null) await removeCopy(here, path);
  return { seconds, cached };
}

/** How many times as fast; undefined where one of them was not measured. */
export function speedRatio({ lanes }: CopyAnswer, above: string, below: string): Interval | undefined {
  const seconds = (name: string) =>
    lanes.find((lane) => lane.name === name)?.turns.map((turn) => turn.seconds) ?? [];
  const [fast, slow] = [seconds(above), seconds(below)];
  return fast.length === 0 || slow.length === 0 ? undefined : ratioOfMedians(slow, fast);
}

/** The same of a put against the slower of the two limits: no put can be faster than that. */
export function limitRatio(answer: CopyAnswer): Interval | undefined {
  const ratios = ['hash limit', 'disk limit'].map((limit) => speedRatio(answer, 'anchor vault put', limit));
  const [hash, disk] = ratios;
  return hash === undefined || disk === undefined ? undefined : hash.value > disk.value ? hash : disk;
}

/** The most that a lane left in the page cache, bytes. */
export function mostCached({ lanes }: CopyAnswer, name: string): readonly number[] {
  return lanes.find((lane) => lane.name === name)?.turns.map(({ cached }) => cached) ?? [];
}

const legend = `Source cold, copy on the disk when the time ends. cached: of source and copy in the page cache afterwards. sparse: what a copy of 64 MiB with 1 MiB of
data takes. A put cannot be faster than the slower of the two limits; where it shares the blocks of its source (XFS, btrfs) the first one is all there is.`;

function renderLanes(size: number, lanes: readonly CopyLane[]): string {
  const answer = { size, lanes };
  const header = [
    'lane',
    'GB/s',
    '× hash limit',
    '× disk limit',
    'cached MiB',
    'sparse MiB',
    'n',
    'what it does',
  ];
  const rows = lanes.map(({ name, differs, failure, turns, sparse }) => {
    if (turns.length === 0) return [name, '–', '–', '–', '–', '–', '0', failure ?? differs];
    const speeds = turns.map(({ seconds }) => size / seconds / 1e9);
    return [
      ...[name, percentile(speeds, 0.5).toFixed(2)],
      ...['hash limit', 'disk limit'].map((limit) => ratioCell(speedRatio(answer, name, limit))),
      (Math.max(...turns.map(({ cached }) => cached)) / 2 ** 20).toFixed(0),
      ...[sparse === null ? '–' : (sparse / 2 ** 20).toFixed(0), String(turns.length), differs],
    ];
  });
  return renderTable([header, ...rows]);
}
