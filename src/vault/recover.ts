import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { linkGeneration } from './activate.js';
import type { AuditEntry } from './audit-record.js';
import type { VaultParts } from './core.js';
import { namesIn, removeTree } from './durable.js';
import { FileLock } from './file-lock.js';
import type { Located } from './generations.js';
import { referenceText } from '../spec/vault-reference.js';
import { attempt } from './system-error.js';
import { readIntent, stageNames, type Intent } from './transaction.js';
import { trashed } from './trash.js';

/**
 * Puts in order what a process left that was killed, or a power cut. Whoever holds the vault's lock calls it before anything else; with
 * nothing to do it lists two directories and looks at the end of the log. A generation that came into its place whole is made what it was to be, all else is removed.
 */
export async function recover(parts: VaultParts): Promise<void> {
  const { stage, trash } = parts.layout;
  await mendLog(parts);
  const [stages, trashes] = await attempt('vault.read', stage, () =>
    Promise.all([namesIn(stage), namesIn(trash)]),
  );
  for (const name of stages) await recoverStage(parts, name);
  for (const name of trashes) await recoverTrash(parts, name);
}

/** A power cut may have left half a line. */
async function mendLog(parts: VaultParts): Promise<void> {
  const torn = await parts.audit.mendTail();
  if (torn === null) return;
  await parts.audit.append({
    operation: 'log',
    phase: 'done',
    transaction: '',
    message: `half a line at the end was put into ${torn}`,
    recovered: true,
  });
}

async function recoverStage(parts: VaultParts, name: string): Promise<void> {
  const directory = join(parts.layout.stage, name);
  // What is put aside for a moment with the vault's lock held: nobody works on it any more.
  if (!(await attempt('vault.read', directory, () => lstat(directory))).isDirectory())
    return attempt('vault.remove', directory, () => removeTree(directory));
  // Without its lock file nobody can have begun to work there: that is made with the vault's lock held, as it is now.
  const owner = await FileLock.tryTake(parts.addon, join(directory, stageNames.owner), true).catch(
    () => undefined,
  );
  if (owner === null) return;
  try {
    const intent = await readIntent(directory);
    const staged = await namesIn(directory);
    if (intent !== null && !staged.includes(stageNames.generation)) await finish(parts, intent);
    else if (intent !== null) await parts.audit.append(ending(intent, 'failed', null));
    await attempt('vault.remove', directory, () => removeTree(directory));
  } finally {
    owner?.release();
  }
}

/** It was renamed into its place, but nobody was told: make it what it was to be. */
async function finish(parts: VaultParts, intent: Intent): Promise<void> {
  const { kind, name } = intent;
  for (const generation of [...(await parts.generations.of(kind, name))].reverse()) {
    const located: Located = { kind, name, generation };
    const { meta, digest } = await parts.generations.meta(located);
    if (meta.transaction !== intent.transaction) continue;
    // The first one always is.
    const active = await parts.generations.active(kind, name);
    if (intent.activate || active === null) await linkGeneration(parts.layout, located);
    await parts.audit.append({
      ...ending(intent, 'done', generation),
      bytes: meta.size,
      sha256: meta.sha256,
      meta: digest,
    });
    return;
  }
  await parts.audit.append(ending(intent, 'failed', null));
}

function ending(intent: Intent, phase: 'done' | 'failed', generation: number | null): AuditEntry {
  const { transaction, transfer, kind, name } = intent;
  return {
    operation: 'put',
    phase,
    transaction,
    transfer,
    reference: referenceText({ kind, name, generation }),
    ...(phase === 'failed' ? { message: 'whoever stored it ended before it was whole' } : {}),
    recovered: true,
  };
}

async function recoverTrash(parts: VaultParts, name: string): Promise<void> {
  const path = join(parts.layout.trash, name);
  await attempt('vault.remove', path, () => removeTree(path));
  const what = trashed(name);
  if (what === null) return;
  const { transaction, located } = what;
  await parts.audit.append({
    operation: 'remove',
    phase: 'done',
    transaction,
    reference: referenceText(located),
    recovered: true,
  });
}
