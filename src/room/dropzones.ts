import type { Collected, CollectOrder, HostDropzone, KeptEntry, RefusedEntry } from '../host/vault.js';
import type { ResolvedDropzone } from '../host/resolved-room.js';
import { deepFreeze } from '../spec/freeze.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import type { CheckpointWatch } from './checkpoints.js';
import type { Outcome } from './outcome.js';

/** What became of what a room left in one dropzone. */
export interface DropzoneOutcome {
  /** Its path in the room. */
  readonly at: string;
  readonly vault: VaultKind;
  /** Whether the outcome was one that `keep` allows. If not, all of it is gone. */
  readonly collected: boolean;
  /** New generations. */
  readonly kept: readonly KeptEntry[];
  /** What was not kept, and is gone. */
  readonly refused: readonly RefusedEntry[];
  /** What came of what the room asked for while it ran, whatever its end; null: its spec does not say that it may. */
  readonly checkpoints: Collected | null;
}

/** A dropzone of a room that lives. */
export interface HeldDropzone {
  readonly spec: ResolvedDropzone;
  readonly dropzone: HostDropzone;
}

/** Brings into the vault what the outcome of a room allows. Never rejects. */
export async function collectDropzones(
  held: readonly HeldDropzone[],
  outcome: Outcome,
  room: string,
  checkpoints: CheckpointWatch,
): Promise<Outcome> {
  await checkpoints.end();
  const { reason, exitCode } = outcome;
  const success = reason === 'exited' && exitCode === 0;
  const dropzones: DropzoneOutcome[] = [];
  // One after the other: each of them copies as fast as the disk takes it.
  for (const { spec, dropzone } of held) {
    const { at, vault, keep } = spec;
    const collected = success || keep === 'always';
    const source: CollectOrder['source'] = { type: 'room', room, path: at, outcome: reason, exitCode };
    const result = collected
      ? await dropzone.collect({ activate: success, source })
      : { kept: [], refused: [] };
    dropzones.push({ at, vault, collected, ...result, checkpoints: checkpoints.of(dropzone) });
  }
  return Object.freeze({ ...outcome, dropzones: deepFreeze(dropzones) });
}
