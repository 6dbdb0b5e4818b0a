import { unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceLink, syncDirectory } from './durable.js';
import type { Located } from './generations.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import type { Layout } from './layout.js';
import { attempt, isErrno } from './system-error.js';

/** Makes the link lead to a generation: there is no moment at which it leads nowhere. */
export async function linkGeneration(layout: Layout, { kind, name, generation }: Located): Promise<void> {
  const link = layout.link(kind, name);
  await attempt('vault.activate', link, () =>
    replaceLink(link, layout.linkTarget(name, generation), layout.stage),
  );
}

/** Takes the link away. */
export async function unlinkName(layout: Layout, kind: VaultKind, name: string): Promise<void> {
  const link = layout.link(kind, name);
  await attempt('vault.activate', link, async () => {
    await unlink(link).catch((error: unknown) => {
      if (!isErrno(error, 'ENOENT')) throw error;
    });
    await syncDirectory(dirname(link));
  });
}
