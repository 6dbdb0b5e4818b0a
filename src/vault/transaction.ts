import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree, syncDirectory, writeNew } from './durable.js';
import { FileLock, holderNote } from './file-lock.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import type { VaultParts } from './core.js';
import { attempt } from './system-error.js';

/** What a change is about to do: enough to finish it, or to know that it was not finished. */
export interface Intent {
  readonly transaction: string;
  readonly transfer: string;
  readonly kind: VaultKind;
  readonly name: string;
  readonly activate: boolean;
}

/** In a directory of `stage`: whose lock says that somebody works here, what for, and the generation that is being made. */
export const stageNames = { owner: 'owner', intent: 'intent.json', generation: 'generation' } as const;

/** A directory in `stage` in which a new generation is made, and the lock that shows it is not abandoned. */
export class Stage {
  private constructor(
    readonly directory: string,
    readonly intent: Intent,
    readonly lock: FileLock,
  ) {}

  /** With the vault's lock, so that nobody takes it for abandoned before it has its own. */
  static async begin(
    parts: VaultParts,
    what: Omit<Intent, 'transaction' | 'transfer'>,
    transfer?: string,
  ): Promise<Stage> {
    const transaction = randomUUID();
    const intent: Intent = { ...what, transaction, transfer: transfer ?? transaction };
    const directory = join(parts.layout.stage, transaction);
    const lock = await attempt('vault.stage', directory, async () => {
      await mkdir(directory);
      let lock: FileLock | null = null;
      try {
        lock = await FileLock.tryTake(parts.addon, join(directory, stageNames.owner), true, holderNote());
        if (lock === null) throw new Error(`${directory} is locked by somebody else`);
        await mkdir(join(directory, stageNames.generation));
        await writeNew(join(directory, stageNames.intent), `${JSON.stringify(intent)}\n`, 0o600);
        await syncDirectory(directory);
        await syncDirectory(parts.layout.stage);
        return lock;
      } catch (error) {
        await removeTree(directory).catch(() => undefined);
        lock?.release();
        throw error;
      }
    });
    return new Stage(directory, intent, lock);
  }

  get generation(): string {
    return join(this.directory, stageNames.generation);
  }

  /** What cannot be removed now is by whoever changes the vault next. */
  async remove(): Promise<void> {
    await removeTree(this.directory).catch(() => undefined);
    this.lock.release();
  }
}

/** Null: it was abandoned before it was written. */
export async function readIntent(directory: string): Promise<Intent | null> {
  try {
    return JSON.parse(await readFile(join(directory, stageNames.intent), 'utf8')) as Intent;
  } catch {
    return null;
  }
}
