import { RoomError } from '../errors.js';
import type { RoomSpec } from '../spec/room-spec.js';
import { weightDigests, type CapsuleItem } from './contents.js';
import { roomDigest } from './portable-room.js';
import { parseReceipt, type Receipt } from './receipt.js';

/** A receipt that is of what is packed: null where there is none. Throws ERR_COURIER_SOURCE for one of another run. */
export function expectedOf(
  value: unknown,
  packed: { readonly room: RoomSpec; readonly plank: string; readonly weights: readonly CapsuleItem[] },
): Receipt | null {
  if (value === undefined) return null;
  const receipt = parseReceipt(value, 'expected');
  const other = otherThan(receipt, packed.room, packed.plank, weightDigests(packed));
  if (other === null) return receipt;
  throw new RoomError('ERR_COURIER_SOURCE', `the receipt is of a run with another ${other} than is packed`, {
    path: 'expected',
    hint: 'Run what is packed, and make a receipt of that.',
  });
}

function otherThan(
  receipt: Receipt,
  room: RoomSpec,
  plank: string,
  weights: Readonly<Record<string, string>>,
): string | null {
  if (receipt.room !== roomDigest(room)) return 'spec';
  if (receipt.plank !== plank) return 'plank';
  const names = new Set([...Object.keys(weights), ...Object.keys(receipt.weights)]);
  const differs = [...names].find((name) => receipt.weights[name] !== weights[name]);
  return differs === undefined ? null : `file or directory of weights, ${differs},`;
}
