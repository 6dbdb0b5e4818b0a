import { constants, type Dirent } from 'node:fs';
import {
  copyFile,
  lutimes,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RoomError } from '../errors.js';
import { Leftovers } from '../plank/leftovers.js';
import type { declarationName } from './declaration.js';
import type { lockName } from './lock-file.js';

/** A directory as it was at one moment: nobody edits it while Nix reads it, and an edit of ours can fail without having been. */
export class Stage {
  /** The copy. */
  readonly flake: string;
  /** For temporary files of builds. */
  readonly temporary: string;
  readonly leftovers: Leftovers;

  private constructor(workplace: string, leftovers: Leftovers) {
    this.flake = join(workplace, 'flake');
    this.temporary = join(workplace, 'tmp');
    this.leftovers = leftovers;
  }

  /** Copies a flake. Throws ERR_FLAKE_NOT_FOUND. */
  static async of(directory: string, temporary: string | null): Promise<Stage> {
    const leftovers = new Leftovers();
    try {
      const workplace = await mkdtemp(join(resolve(temporary ?? tmpdir()), 'anchor-flake-'));
      leftovers.add(workplace);
      const stage = new Stage(workplace, leftovers);
      await mkdir(stage.temporary);
      await copyTree(directory, stage.flake);
      return stage;
    } catch (error) {
      await leftovers.clear();
      throw error instanceof RoomError ? error : unreadable(directory, error);
    }
  }

  /** As Nix wants it named: everything in it, and no look at a repository around it. */
  get reference(): string {
    return `path:${this.flake.split('/').map(encodeURIComponent).join('/')}`;
  }

  read(name: string): Promise<string | null> {
    return readOptional(join(this.flake, name));
  }

  /** Writes a file that is not the owner's. */
  async write(name: typeof declarationName | typeof lockName, text: string): Promise<void> {
    const path = join(this.flake, name);
    await writeFile(path, text);
    await settle(path);
  }

  remove(): Promise<void> {
    return this.leftovers.clear();
  }
}

export async function readOptional(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o755 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory() && entry.name !== '.git') await copyTree(source, target);
    else if (entry.isFile() && entry.name !== '.git') {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await settle(target);
    } else if (entry.isSymbolicLink()) await copyLink(source, target);
    else if (entry.name !== '.git') throw refused(source, entry);
  }
  await settle(to);
}

/** All but `result`, which `nix build` leaves behind: it would become a part of what it is the result of. */
async function copyLink(source: string, target: string): Promise<void> {
  const to = await readlink(source);
  if (to.startsWith('/nix/store/')) return;
  await symlink(to, target);
  await settle(target);
}

/** The time of change is a part of what flakes can see (`self.lastModified`). */
function settle(path: string): Promise<void> {
  return lutimes(path, 1, 1);
}

function refused(path: string, entry: Dirent): RoomError {
  const what = entry.isFIFO() ? 'a FIFO' : entry.isSocket() ? 'a socket' : 'a device';
  return new RoomError(
    'ERR_FLAKE_NOT_FOUND',
    `a flake consists of files, directories and links; ${path} is ${what}`,
    {
      step: 'flake.copy',
      path,
    },
  );
}

function unreadable(directory: string, error: unknown): RoomError {
  const { errno, syscall, path, message } = error as NodeJS.ErrnoException;
  return new RoomError('ERR_FLAKE_NOT_FOUND', `the flake ${directory} cannot be copied: ${message}`, {
    step: 'flake.copy',
    path: path ?? directory,
    ...(errno === undefined ? {} : { errno }),
    ...(syscall === undefined ? {} : { syscall }),
    cause: error,
  });
}
