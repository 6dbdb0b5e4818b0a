import { constants } from 'node:fs';
import { chown, mkdir, open, opendir, rename, rmdir, type FileHandle } from 'node:fs/promises';
import { readReference } from '../spec/vault-reference.js';
import { refusalOf, type Refused } from './dropzone-entries.js';
import { attempt } from './system-error.js';

/** Ids on the host of who may write to a dropzone. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Kept {
  readonly reference: string;
  readonly sha256: string;
  readonly size: number;
}

export interface Collected {
  readonly kept: readonly Kept[];
  readonly refused: readonly Refused[];
}

const folder = '.checkpoints';

/** Who fills a directory with names makes only himself wait. */
const mostLookedAt = 1000;

/** Whether it belongs to the checkpoints of a dropzone. */
export function isCheckpoints(path: Uint8Array): boolean {
  const text = Buffer.from(path).toString('latin1');
  return text === folder || text.startsWith(`${folder}/`);
}

/**
 * The directories of a dropzone through which a living room asks for something to be kept. They are made before the room is there and held open, so
 * whatever it puts in their places, these are meant: docs/decisions/021-checkpoints-by-rename.md.
 */
export class CheckpointFolder {
  readonly #asked: FileHandle;
  /** Only root of the host looks into it: a room with the ids of the host may be that. */
  readonly #taken: FileHandle;
  readonly #kept: FileHandle;
  readonly #refused: FileHandle;
  #count = 0;

  private constructor([asked, taken, kept, refused]: readonly [
    FileHandle,
    FileHandle,
    FileHandle,
    FileHandle,
  ]) {
    this.#asked = asked;
    this.#taken = taken;
    this.#kept = kept;
    this.#refused = refused;
  }

  /** In a dropzone that nobody else has yet. */
  static async make(dropzone: number, { uid, gid }: Owner): Promise<CheckpointFolder> {
    const asked = `/proc/self/fd/${dropzone}/${folder}`;
    const opened: FileHandle[] = [];
    return attempt('vault.dropzone', asked, async () => {
      try {
        for (const path of [asked, `${asked}/.taken`, `${asked}/.kept`, `${asked}/.refused`]) {
          await mkdir(path, 0o700);
          opened.push(await openDirectory(path));
          if (!path.endsWith('.taken')) await chown(path, uid, gid);
        }
        return new CheckpointFolder(opened as unknown as [FileHandle, FileHandle, FileHandle, FileHandle]);
      } catch (error) {
        await Promise.all(opened.map((handle) => handle.close()));
        throw error;
      }
    });
  }

  /**
   * Takes one thing that is asked for to where the room has no way to, has it kept, and puts it where the room sees what came of it. Null: nothing is
   * asked for. `keep` gets a directory with that thing in it.
   */
  async next(keep: (root: string) => Promise<Collected>): Promise<Collected | null> {
    const name = await this.#first();
    if (name === null) return null;
    const number = String((this.#count += 1));
    const place = `${pathOf(this.#taken)}/${number}`;
    return attempt('vault.dropzone', place, async () => {
      await mkdir(place, 0o700);
      const directory = await openDirectory(place);
      try {
        const here = below(directory, name);
        try {
          await rename(below(this.#asked, name), here);
        } catch (error) {
          // The room has thought better of it.
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
          throw error;
        }
        const result = await keep(pathOf(directory)).catch((error: unknown): Collected => ({
          kept: [],
          refused: [refusalOf(JSON.stringify(name.toString('utf8')), error)],
        }));
        await this.#answer(here, name, number, result);
        return result;
      } finally {
        await directory.close();
        await rmdir(place).catch(() => undefined);
      }
    });
  }

  /** Never fails. */
  async close(): Promise<void> {
    const handles = [this.#asked, this.#taken, this.#kept, this.#refused];
    await Promise.all(handles.map((handle) => handle.close().catch(() => undefined)));
  }

  /** What is asked for, by the order of names. */
  async #first(): Promise<Buffer | null> {
    let first: Buffer | null = null;
    let seen = 0;
    for await (const entry of await opendir(pathOf(this.#asked), { encoding: 'buffer' as BufferEncoding })) {
      // With that encoding it is one, whatever the types say.
      const name = entry.name as unknown as Buffer;
      if (name[0] !== dot && (first === null || name.compare(first) < 0)) first = name;
      if ((seen += 1) >= mostLookedAt) break;
    }
    return first;
  }

  /** A room that has removed the directory gets no answer. */
  async #answer(here: Buffer, name: Buffer, number: string, { kept }: Collected): Promise<void> {
    const [stored] = kept;
    const text = name.toString('latin1');
    const proper = readReference(`models/${text}`)?.name === text;
    const answer =
      stored !== undefined
        ? below(this.#kept, Buffer.from(stored.reference.slice(stored.reference.indexOf('/') + 1)))
        : below(this.#refused, Buffer.from(proper ? `${text}.${number}` : number));
    await rename(here, answer).catch(() => undefined);
  }
}

const dot = 0x2e;

function pathOf({ fd }: FileHandle): string {
  return `/proc/self/fd/${fd}`;
}

function below(directory: FileHandle, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${pathOf(directory)}/`), name]);
}

/** Not a link that somebody put there. */
function openDirectory(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}
