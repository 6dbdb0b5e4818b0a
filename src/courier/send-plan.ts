import type { VaultKind } from '../spec/vault-kinds.js';
import type { TargetKind } from './policy.js';

/** What a sending is going to be: what whoever is asked to consent can see, and what `dryRun` gives. */
export interface SendPlan {
  /** `…/NAME.parcel`, `…/NAME.capsule`, or the vault. */
  readonly path: string;
  readonly name: string;
  readonly target: PlannedTarget;
  readonly items: readonly PlannedThing[];
  readonly files: number;
  readonly bytes: number;
  /** Of these, bytes of files that an earlier attempt left at the target. They are compared before they are taken for right. */
  readonly present: number;
  /** Files that are stored in parts, because the target takes none of their size. */
  readonly split: number;
}

export interface PlannedTarget {
  readonly kind: TargetKind;
  /** The directory or the vault; of a drive that nobody has mounted the device. */
  readonly path: string;
  /** `/dev/sdb1`; null: it is on no drive. */
  readonly device: string | null;
  /** Of a drive, as it says itself; fit to be shown. */
  readonly label: string | null;
  readonly uuid: string | null;
  readonly model: string | null;
  readonly fileSystem: string | null;
  /** Bytes that are free; null of a vault, which looks for itself. */
  readonly free: number | null;
}

export interface PlannedThing {
  readonly name: string;
  /** null: it comes from no vault. */
  readonly kind: VaultKind | null;
  /** `kind/name@generation`, or the path on the host. */
  readonly source: string;
  readonly files: number;
  readonly bytes: number;
}
