import type { Anchor } from '../anchor.js';
import { withVaultSources } from '../capsule/portable-mounts.js';
import { compareReceipts, type Receipt, type ReceiptComparison } from '../capsule/receipt.js';
import { receiveIf, type ReceivedCapsule, type ReceiveOptions } from '../capsule/receive.js';
import type { Outcome } from '../room/outcome.js';
import type { RoomSpec } from '../spec/room-spec.js';
import { parseReference } from '../spec/vault-reference.js';
import { recordRun, type RecordOptions } from './record.js';
import { refuseRights } from './rights.js';
import { plankInVault, vaultOf } from './vault-of.js';

/** How a capsule is replayed: whose it may be, as for `receiveCapsule()`, and what its room may have. */
export interface ReplayOptions extends Omit<ReceiveOptions, 'reuse' | 'activate'>, RecordOptions {
  /**
   * Let the room have the identity, capabilities and seccomp profile that its spec asks for, where that is more than every room has. Default
   * false: such a capsule is refused.
   */
  readonly grant?: boolean;
}

/** A capsule that was run here. */
export interface Replay {
  readonly received: ReceivedCapsule;
  readonly outcome: Outcome;
  /** Of this run. */
  readonly receipt: Receipt;
  /** With the receipt in the capsule; null where it has none: nothing is known about how it behaves elsewhere. */
  readonly comparison: ReceiptComparison | null;
}

/**
 * Runs the room of a capsule with the plank and the weights that came with it, and compares what came of it with the receipt in the capsule.
 * It is received into the vault of the Anchor first, as `receiveCapsule()` does, except that what the vault has already is taken from there
 * after it was read back, and that what was active stays so.
 *
 * @throws what `receiveCapsule()` and `recordRun()` throw; ERR_COURIER_CONTENT for a spec that leads out of the capsule; ERR_COURIER_RIGHTS.
 * That runs differ is a result and no error.
 */
export async function replayCapsule(anchor: Anchor, path: string, options: ReplayOptions): Promise<Replay> {
  const { grant, onOutput, ...receiving } = options;
  const vault = vaultOf(anchor, 'the capsule');
  const received = await receiveIf(path, vault, { ...receiving, activate: false, reuse: true }, (room) => {
    if (grant !== true) refuseRights(room, path);
  });
  const recorded = await recordRun(anchor, roomHere(received), {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(onOutput === undefined ? {} : { onOutput }),
  });
  const { receipt, outcome } = recorded;
  const comparison = received.expected === null ? null : compareReceipts(received.expected, receipt);
  return { received, outcome, receipt, comparison };
}

/** The spec with the things of this vault in the place of those of the capsule. */
function roomHere({ room, plank, weights }: ReceivedCapsule): RoomSpec {
  const byName = new Map(weights.map((reference) => [parseReference(reference).name, reference]));
  return {
    ...room,
    plank: plankInVault(plank),
    mounts: withVaultSources(room.mounts ?? [], (name) => byName.get(name) ?? name),
  };
}
