import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { Anchor, type Room, type RoomSpec } from '../../src/index.js';

/** For tests that run in the guest only: what scripts/vm/guest and test/vm/harness put there. */

/** The kernel's series, such as `6.1`. */
export const series = /^\d+\.\d+/.exec(process.env['ANCHOR_ROOMS_GUEST'] ?? '')?.[0] ?? '';

/** The disk below `dataDirectory`: an empty ext4 of half a gibibyte. */
export const dataDisk = process.env['DATA_DISK'] ?? '';
export const dataDirectory = '/mnt/data';

/**
 * Busybox, and in /bin the programs of test/vm/programs. Copies that this test file alone uses: the loop devices of a plank are
 * counted, and others make rooms at the same time.
 */
export const planks = {
  get squashfs(): string {
    return ownCopy('/planks/test.sqsh');
  },
  get erofs(): string {
    return ownCopy('/planks/test.erofs');
  },
};

const copies = new Map<string, string>();

function ownCopy(plank: string): string {
  const known = copies.get(plank);
  if (known !== undefined) return known;
  const directory = mkdtempSync(join(tmpdir(), 'anchor-plank-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const copy = join(directory, basename(plank));
  copyFileSync(plank, copy);
  copies.set(plank, copy);
  return copy;
}

/** The least of a spec. */
export function spec(command: readonly string[], more: Partial<RoomSpec> = {}): RoomSpec {
  return { plank: planks.squashfs, command, ...more };
}

/** A spec for a line of shell. */
export function shell(line: string, more: Partial<RoomSpec> = {}): RoomSpec {
  return spec(['/bin/sh', '-c', line], more);
}

/** An Anchor that is closed with the test. */
export async function openAnchor(t: ExecutionContext): Promise<Anchor> {
  const anchor = await Anchor.open();
  t.teardown(() => anchor.close());
  return anchor;
}

/** Directory of a room's cgroup. */
export function cgroupOf(room: Room): string {
  const { cgroup } = room.granted;
  if (cgroup === null) throw new Error('the room has no cgroup');
  return cgroup.path;
}

/** Text of a file of a room's cgroup. */
export function cgroupFile(room: Room, file: string): string {
  return readFileSync(join(cgroupOf(room), file), 'utf8').trim();
}

/** One number of a flat-keyed file, such as `nr_throttled` of cpu.stat. */
export function counter(text: string, name: string): number {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`no ${name} in ${text}`);
  return Number(value);
}

/** Waits until something is so. The time limit of the test ends it otherwise. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

/** Processes in a cgroup and all below it; none when it is gone. */
export function processesIn(cgroup: string): readonly string[] {
  try {
    const own = readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n');
    const below = readdirSync(cgroup, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [
      ...own.filter((pid) => pid !== ''),
      ...below.flatMap((entry) => processesIn(join(cgroup, entry.name))),
    ];
  } catch {
    return [];
  }
}

/** The next text that a stream of a room gives. */
export async function nextText(stream: NodeJS.ReadableStream | null): Promise<string> {
  if (stream === null) throw new Error('the room has no such stream');
  return new Promise((resolve, reject) => {
    stream.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    stream.once('end', () => reject(new Error('the stream ended')));
  });
}
