import { randomUUID } from 'node:crypto';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { loadAddon } from '../addon/load.js';
import { RoomError } from '../errors.js';
import { AuditLog } from './audit-log.js';
import { VaultCore } from './core.js';
import { makeDirectory, namesIn, syncDirectory } from './durable.js';
import { FileLock } from './file-lock.js';
import { Generations } from './generations.js';
import { vaultKinds } from '../spec/vault-kinds.js';
import { Layout } from './layout.js';
import { readMarker, writeMarker, type Marker } from './marker.js';
import { requireMounted } from './mount-point.js';
import { attempt } from './system-error.js';

/** What a new file system has in it, and what an attempt that was interrupted leaves. */
const harmless = ['lost+found', 'nix', ...vaultKinds, 'audit', 'stage', 'trash', 'locks', 'leases'];

/** Opens a directory that is a vault. */
export async function openCore(
  path: string,
  id: string | null,
): Promise<{ core: VaultCore; marker: Marker }> {
  const { addon } = loadAddon();
  const root = await attempt('vault.open', path, () => realpath(resolve(path)));
  const layout = new Layout(root);
  const marker = await readMarker(layout.marker);
  if (marker === null) {
    await requireMounted(root, false);
    throw new RoomError('ERR_VAULT_NOT_FOUND', `${root} is no vault`, {
      path: root,
      hint: 'If it is on a disk, mount that. A new one is made by `anchor vault init`.',
    });
  }
  await requireMounted(root, marker.mounted);
  if (id !== null && id !== marker.id) {
    throw new RoomError('ERR_VAULT_OTHER', `${root} is the vault ${marker.id}, not ${id}`, { path: root });
  }
  const info = await attempt('vault.open', root, () => stat(root));
  const parts = {
    addon,
    layout,
    generations: new Generations(layout),
    audit: new AuditLog(layout.audit),
    id: marker.id,
  };
  return { core: new VaultCore(parts, info), marker };
}

/** Makes an empty or missing directory a vault. What is interrupted can be done again. */
export async function initVault(path: string, mounted: boolean): Promise<string> {
  const { addon } = loadAddon();
  const root = resolve(path);
  const layout = new Layout(root);
  await attempt('vault.init', root, async () => {
    await makeDirectory(root);
    await requireMounted(root, mounted);
    await requireNew(layout);
    await makeDirectory(layout.locks);
    const lock = await FileLock.take(addon, layout.lock, { patience: 0 });
    try {
      await requireNew(layout);
      const directories = [layout.audit, layout.stage, layout.trash, layout.leases];
      for (const kind of vaultKinds) directories.push(layout.kind(kind), layout.generationsOfKind(kind));
      for (const directory of directories) await makeDirectory(directory);
      // All of them, whoever made them: an attempt before this one may have been interrupted.
      for (const kind of vaultKinds) await syncDirectory(layout.kind(kind));
      const entry = { operation: 'init', phase: 'done', transaction: randomUUID(), to: root } as const;
      await new AuditLog(layout.audit).begin(entry, layout.stage);
      // From here on it is one.
      await writeMarker(layout.marker, mounted, layout.stage);
      await syncDirectory(dirname(root));
    } finally {
      lock.release();
    }
  });
  return root;
}

async function requireNew(layout: Layout): Promise<void> {
  if ((await readMarker(layout.marker)) !== null) {
    throw new RoomError('ERR_VAULT_EXISTS', `${layout.root} is a vault already`, {
      path: layout.root,
      hint: 'Open it.',
    });
  }
  const strange = (await readdir(layout.root)).filter((name) => !harmless.includes(name));
  // What is stored is worth more than a new vault, also where the file is lost that says what this is.
  for (const kind of vaultKinds) {
    const names = await namesIn(layout.kind(kind));
    const stored = await namesIn(layout.generationsOfKind(kind));
    strange.push(...[...names.filter((name) => name !== '.gen'), ...stored].map((name) => `${kind}/${name}`));
  }
  if (strange.length === 0) return;
  throw new RoomError(
    'ERR_VAULT_EXISTS',
    `${layout.root} is not empty: it has ${strange.slice(0, 5).join(', ')}`,
    {
      path: layout.root,
      hint: 'A vault begins as an empty directory.',
    },
  );
}
