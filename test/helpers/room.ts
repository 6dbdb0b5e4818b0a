import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext, TestFn } from 'ava';
import { Anchor, buildPlank, type AnchorOptions, type Room, type RoomSpec } from '../../src/index.js';
import { busyboxPlank, makeBusyboxTree } from './image.js';
import { dataDirectory } from './vm-guest.js';
import { assertNothingLeft, standing, type Standing } from './leftovers.js';

const run = promisify(execFile);

/** Where programs of their own, started by `startFresh`, import the library from. */
export const library = new URL('../../src/index.js', import.meta.url).href;

/** What all tests of one file share. */
export interface Rooms {
  readonly anchor: Anchor;
  /** Busybox and the programs of test/fixtures, or what was asked for; a copy that no other test file uses. */
  readonly plank: string;
  /** A directory of the host, gone with the tests. */
  readonly directory: string;
  /** The least of a spec. */
  spec(command: readonly string[], more?: Partial<RoomSpec>): RoomSpec;
  /** A spec for a line of shell. */
  shell(line: string, more?: Partial<RoomSpec>): RoomSpec;
  /** A room for a line of shell. It is destroyed with the test. */
  start(t: ExecutionContext, line: string, more?: Partial<RoomSpec>): Promise<Room>;
  /** What a line of shell says on stdout; the test fails when it does not exit with 0. */
  output(t: ExecutionContext, line: string, more?: Partial<RoomSpec>): Promise<string>;
}

/**
 * An Anchor for the tests of a file. When they are through it is closed, and then nothing may be left of any room. `makePlank`
 * gets a directory and puts a plank there.
 */
export function useRooms(test: TestFn, options: AnchorOptions = {}, makePlank = ownPlank): Rooms {
  let anchor: Anchor;
  let before: Standing;
  let directory: string;
  let plank: string;
  const shell: Rooms['shell'] = (line, more) => rooms.spec(['/bin/sh', '-c', line], more);
  const rooms: Rooms = {
    get anchor() {
      return anchor;
    },
    get plank() {
      return plank;
    },
    get directory() {
      return directory;
    },
    spec: (command, more = {}) => ({ plank, command, ...more }),
    shell,
    async start(t, line, more) {
      const room = await anchor.spawn(shell(line, more));
      t.teardown(() => room.destroy());
      return room;
    },
    async output(t, line, more) {
      const { stdout, stderr, outcome } = await anchor.run(shell(line, more));
      t.is(outcome.exitCode, 0, `${line}: ${outcome.reason} ${stderr}`);
      return stdout.trimEnd();
    },
  };
  test.serial.before('open an Anchor', async () => {
    directory = await mkdtemp(join(tmpdir(), 'anchor-rooms-'));
    plank = await makePlank(directory);
    before = await standing(plank);
    anchor = await Anchor.open(options);
  });
  test.after.always('nothing is left of any room', async (t) => {
    try {
      await anchor.close();
      await assertNothingLeft(t, before, plank);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
  return rooms;
}

/** A copy of the plank in a directory of the caller's, so that its loop devices are the caller's alone. */
export async function ownPlank(directory: string): Promise<string> {
  const plank = join(directory, 'room.sqsh');
  await copyFile(await roomPlank(), plank);
  return plank;
}

export { nextText, until } from './vm-guest.js';

const inGuest = process.env['ANCHOR_ROOMS_GUEST'] !== undefined;

/** Where writable mounts of the host are tried: a file system that takes idmapped mounts on every kernel. */
export const mountable = inGuest ? dataDirectory : tmpdir();

/** A directory of the host that everybody may read, with a file in it; gone with the test. */
export async function hostDirectory(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(mountable, 'anchor-host-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  await writeFile(join(directory, 'file'), 'content\n');
  return directory;
}

/** An emulated processor is ten to thirty times slower: deadlines that must not be met early are longer there. */
export const slowness = inGuest ? 20 : 1;

/** And what repeats something repeats it less. */
export const often = (rounds: number): number => (inGuest ? Math.ceil(rounds / 5) : rounds);

/** The lines of an output. */
export function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

const sources = resolve('test/fixtures');

/**
 * The path of a squashfs with busybox and the programs of test/fixtures in /usr/local/bin, which are linked statically.
 * Built on first use and kept in `.cache/`; where the sources are not (in the guest) the one that is there is taken.
 */
export async function roomPlank(): Promise<string> {
  const cache = resolve('.cache');
  if (!existsSync(sources)) {
    const built = readdirSync(cache).find((name) => /^rooms-.*\.sqsh$/.test(name));
    if (built === undefined) throw new Error(`neither ${sources} nor a plank made of it in ${cache}`);
    return join(cache, built);
  }
  const programs = readdirSync(sources).filter((name) => name.endsWith('.c'));
  const hash = createHash('sha256').update(basename(await busyboxPlank()));
  for (const name of programs) hash.update(name).update(readFileSync(join(sources, name)));
  const output = join(cache, `rooms-${hash.digest('hex').slice(0, 16)}.sqsh`);
  if (existsSync(output)) return output;

  const tree = await mkdtemp(join(tmpdir(), 'anchor-room-'));
  try {
    await makeBusyboxTree(tree);
    const target = join(tree, 'usr/local/bin');
    await mkdir(target, { recursive: true });
    for (const name of programs) {
      const program = join(target, basename(name, '.c'));
      await run('cc', [
        '-O1',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-static',
        '-s',
        '-o',
        program,
        join(sources, name),
      ]);
    }
    await buildPlank({ source: tree, output });
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
  return output;
}
