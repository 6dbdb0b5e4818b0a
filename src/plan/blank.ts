import type { BlankPlan } from '../../types/plan.js';
import type { CoverPlan } from '../host/resolved-room.js';
import type { RoomPlace } from '../host/places.js';
import { deepFreeze } from '../spec/freeze.js';
import { planKernelMounts } from './mounts.js';

export interface BlankParts {
  /** Directory of the Anchor's cgroups; null: none. */
  readonly cgroup: string | null;
  readonly covers: readonly CoverPlan[];
  readonly pidMax: number | null;
  readonly seesCgroup: boolean;
  /** Of the writable layer; it is resized for a room that asks for another. */
  readonly disk: { readonly bytes: number; readonly files: number };
}

/** What is decided about a room before anybody asked for one. */
export function planBlank(
  { id, identity }: RoomPlace,
  { cgroup, covers, pidMax, seesCgroup, disk }: BlankParts,
): BlankPlan {
  return deepFreeze({
    planVersion: 1,
    id,
    identity,
    network: { kind: 'loopback' },
    pidMax,
    cgroup: cgroup === null ? null : { parent: cgroup, leaf: id },
    kernelMounts: planKernelMounts(identity, covers, seesCgroup),
    upperBytes: disk.bytes,
    upperInodes: disk.files,
  });
}
