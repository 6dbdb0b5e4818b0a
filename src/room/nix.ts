import type { HostNixInbox, RefusedEntry } from '../host/vault.js';
import { deepFreeze } from '../spec/freeze.js';
import type { Outcome } from './outcome.js';

/** What became of what Nix built in a room. */
export interface NixOutcome {
  /** Whether the command returned 0. If not, nothing was looked at. */
  readonly collected: boolean;
  /** Store paths that the vault has now and had not before. */
  readonly kept: readonly { readonly path: string; readonly sha256: string; readonly bytes: number }[];
  /** What was not kept. */
  readonly refused: readonly RefusedEntry[];
}

/** Brings into the vault what Nix built in a room that succeeded. Never rejects. */
export async function collectNix(inbox: HostNixInbox, outcome: Outcome, room: string): Promise<Outcome> {
  const collected = outcome.reason === 'exited' && outcome.exitCode === 0;
  const result = collected ? await inbox.commit(room) : { kept: [], refused: [] };
  return Object.freeze({ ...outcome, nix: deepFreeze({ collected, ...result }) });
}
