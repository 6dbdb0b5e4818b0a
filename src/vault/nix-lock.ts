import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { errorFromNative } from '../addon/refusal.js';
import { RoomError } from '../errors.js';
import type { VaultCore } from './core.js';
import { removeTree } from './durable.js';
import { FileLock, holderNote } from './file-lock.js';
import type { NixLayout } from './nix-layout.js';
import { makeNixDirectories } from './nix-shelf.js';
import { attempt } from './system-error.js';

/** Others copy as much as their rooms have built. */
const patience = 600_000;

/** What commits take turns with. Nothing is half-way in `stage` then, and all directories are there. */
export async function lockNix(core: VaultCore): Promise<FileLock> {
  await core.requireSame();
  const { nix, locks } = core.layout;
  const lock = await FileLock.take(core.addon, join(locks, 'nix'), { patience });
  try {
    await attempt('vault.nix', nix.root, async () => {
      await removeTree(nix.stage);
      await makeNixDirectories(nix);
    });
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Whether somebody made the directories. */
export function haveNix(nix: NixLayout): Promise<boolean> {
  // The last thing that is made.
  return access(nix.cacheInfo).then(
    () => true,
    () => false,
  );
}

/** The store that rooms write to themselves, for one of them. Throws ERR_VAULT_IN_USE. */
export async function holdShared(core: VaultCore, holder: string): Promise<{ release(): Promise<void> }> {
  await core.requireSame();
  const path = join(core.layout.locks, 'nix-shared');
  const lock = await FileLock.tryTake(core.addon, path, true, holderNote()).catch((error: unknown) => {
    throw errorFromNative(error);
  });
  if (lock !== null) {
    return {
      release: () => {
        lock.release();
        return Promise.resolve();
      },
    };
  }
  throw new RoomError(
    'ERR_VAULT_IN_USE',
    `${holder} cannot have the store of the vault for itself: another room has it`,
    { path, hint: "Wait for its end, or use mode 'layer', which any number of rooms can." },
  );
}
