import { constants } from 'node:fs';
import { chmod, copyFile, open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { RoomError } from '../errors.js';
import { makeDirectory, removeTree, replaceFile, syncDirectory } from './durable.js';
import { readArchive } from './nix-archive.js';
import { hashOfPath } from './nix-hash.js';
import type { NixLayout } from './nix-layout.js';
import { narInfoText, readNarInfo, readRegistration, registrationText, type NixPath } from './nix-path.js';
import { requireSpace } from './space.js';
import { attempt, isErrno } from './system-error.js';

/** Where what rooms build is kept: as a binary cache, or as a layer of the root of other rooms. */
export type NixShelfName = 'cache' | 'layer';

/** One of the two. A path is on it when its last file is: `.narinfo`, or the registration. Whoever adds one has the lock. */
export class NixShelf {
  readonly #layout: NixLayout;
  readonly #name: NixShelfName;

  constructor(layout: NixLayout, name: NixShelfName) {
    this.#layout = layout;
    this.#name = name;
  }

  /** What is known of a path, by its name or the hash in it; null: it is not there. Throws ERR_VAULT_DAMAGED. */
  async find(name: string): Promise<NixPath | null> {
    const file = this.#name === 'cache' ? this.#layout.narInfo(name) : this.#layout.registration(name);
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    }
    const path = this.#name === 'cache' ? readNarInfo(text) : readRegistration(text);
    if (path !== null && (path.name === name || path.name.startsWith(`${name}-`))) return path;
    throw new RoomError('ERR_VAULT_DAMAGED', `${file} does not say what it should of ${name}`, {
      path: file,
    });
  }

  /**
   * Puts a path there, all of it or nothing, if its archive is what is said of it and there is space for it. Throws ERR_VAULT_DIGEST,
   * ERR_VAULT_NO_SPACE, BrokenArchive.
   */
  async add(path: NixPath, archive: FileHandle): Promise<void> {
    await requireSpace(this.#layout.root, [{ size: path.bytes, allocated: path.bytes }], 'vault.nix');
    await attempt('vault.nix', path.name, () =>
      this.#name === 'cache' ? this.#addToCache(path, archive) : this.#addToLayer(path, archive),
    );
  }

  /** Whether the bytes are those that were kept. */
  async holds(path: NixPath): Promise<boolean> {
    if (this.#name === 'layer') return (await hashOfPath(this.#layout.path(path.name))) === path.sha256;
    const archive = await open(this.#layout.archive(path.sha256), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return (await readArchive(archive, null)).sha256 === path.sha256;
    } finally {
      await archive.close();
    }
  }

  async #addToCache(path: NixPath, archive: FileHandle): Promise<void> {
    const { stage, archives } = this.#layout;
    const copy = join(stage, `${path.sha256}.nar`);
    await copyFile(`/proc/self/fd/${archive.fd}`, copy, constants.COPYFILE_EXCL);
    // Of the copy: that is what stays.
    const handle = await open(copy, constants.O_RDWR);
    try {
      await requireContent(path, handle, null);
      await handle.chmod(0o444);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(copy, this.#layout.archive(path.sha256));
    await syncDirectory(archives);
    await replaceFile(this.#layout.narInfo(path.name), narInfoText(path), 0o444, stage);
  }

  async #addToLayer(path: NixPath, archive: FileHandle): Promise<void> {
    const { stage, layerStore } = this.#layout;
    const staged = join(stage, path.name);
    await requireContent(path, archive, staged);
    const target = this.#layout.path(path.name);
    // Left by somebody who was killed before it was registered.
    await removeTree(target);
    await rename(staged, target);
    await syncDirectory(layerStore);
    await replaceFile(this.#layout.registration(path.name), registrationText(path), 0o444, stage);
  }
}

/** The directories are there, and what says that one of them is a cache. */
export async function makeNixDirectories(layout: NixLayout): Promise<void> {
  for (const directory of layout.directories) {
    await makeDirectory(directory);
    await chmod(directory, 0o755);
  }
  const info = layout.cacheInfo;
  const text = 'StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 10\n';
  const there = await readFile(info, 'utf8').catch(() => '');
  if (there !== text) await replaceFile(info, text, 0o444, layout.stage);
}

async function requireContent(path: NixPath, archive: FileHandle, target: string | null): Promise<void> {
  const { sha256, bytes } = await readArchive(archive, target);
  if (sha256 === path.sha256 && bytes === path.bytes) return;
  throw new RoomError(
    'ERR_VAULT_DIGEST',
    `it is not what was built: its archive has the hash ${sha256}, and ${path.sha256} is said of it`,
  );
}
