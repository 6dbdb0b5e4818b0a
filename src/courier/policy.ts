import { RoomError } from '../errors.js';
import { child, keysOf, readArray, readFields, wrongValue } from '../spec/field.js';
import { readFlag, readText, readWord } from '../spec/scalar.js';
import { parseSize, type Size } from '../spec/size.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import { readKind } from '../spec/vault-reference.js';
import type { SendPlan } from './send-plan.js';

/** What may be sent, and where to. What is not named is allowed. */
export interface CourierPolicy {
  /** Kinds of a vault that may leave it. */
  readonly kinds?: readonly VaultKind[];
  /** Whether files of the host that are in no vault may be sent. Default true. */
  readonly hostFiles?: boolean;
  /** Most bytes of one sending. */
  readonly maxBytes?: Size;
  readonly maxFiles?: number;
  /** Places that may be sent to. */
  readonly targets?: readonly TargetKind[];
  /** UUIDs of the file systems of drives that may be written to, as `anchor courier list` shows them. */
  readonly drives?: readonly string[];
}

export type TargetKind = 'directory' | 'drive' | 'vault';

const targetKinds = ['directory', 'drive', 'vault'] as const;

/** A policy that was read. */
export interface CheckedPolicy {
  readonly kinds: readonly VaultKind[] | null;
  readonly hostFiles: boolean;
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly targets: readonly TargetKind[];
  readonly drives: readonly string[] | null;
}

/** Throws SpecTypeError, SpecRangeError. */
export function readPolicy(value: unknown): CheckedPolicy {
  const { kinds, hostFiles, maxBytes, maxFiles, targets, drives } = readFields(
    value ?? {},
    'policy',
    keysOf<CourierPolicy>({
      kinds: true,
      hostFiles: true,
      maxBytes: true,
      maxFiles: true,
      targets: true,
      drives: true,
    }),
  );
  const list = <T>(
    field: string,
    given: unknown,
    read: (element: unknown, at: string) => T,
  ): readonly T[] | null =>
    given === undefined
      ? null
      : readArray(given, child('policy', field)).map((element, i) => read(element, `policy.${field}[${i}]`));
  return {
    kinds: list('kinds', kinds, readKind),
    hostFiles: readFlag(hostFiles, 'policy.hostFiles', true),
    maxBytes: maxBytes === undefined ? Infinity : parseSize(maxBytes, 'policy.maxBytes'),
    maxFiles: maxFiles === undefined ? Infinity : parseSize(maxFiles, 'policy.maxFiles', 1),
    targets:
      list('targets', targets, (element, at) => {
        if (element === undefined) throw wrongValue(at, targetKinds.join(', '), element);
        return readWord(element, at, targetKinds, 'directory');
      }) ?? targetKinds,
    drives: list('drives', drives, (element, at) => readText(element, at).toLowerCase()),
  };
}

/** Throws ERR_COURIER_REFUSED for what a policy does not allow. Pure. */
export function requireAllowed(policy: CheckedPolicy, plan: SendPlan): void {
  const why = reasonAgainst(policy, plan);
  if (why === null) return;
  throw new RoomError('ERR_COURIER_REFUSED', `the policy does not allow it: ${why}`, {
    path: plan.target.path,
    hint: 'Nothing was copied. Whoever wrote the policy can change it.',
  });
}

function reasonAgainst(policy: CheckedPolicy, { target, items, bytes, files }: SendPlan): string | null {
  if (!policy.targets.includes(target.kind)) return `nothing may be sent to a ${target.kind}`;
  if (target.kind === 'drive' && policy.drives !== null) {
    const { uuid } = target;
    if (uuid === null) return `${target.path} has no UUID to know it by`;
    if (!policy.drives.includes(uuid.toLowerCase()))
      return `the drive ${uuid} is not one of those that may be written to`;
  }
  for (const { name, kind } of items) {
    if (kind === null && !policy.hostFiles) return `${name} comes from no vault`;
    if (kind !== null && policy.kinds?.includes(kind) === false) return `${kind} may not leave the vault`;
  }
  if (bytes > policy.maxBytes) return `${bytes} bytes are more than ${policy.maxBytes}`;
  if (files > policy.maxFiles) return `${files} files are more than ${policy.maxFiles}`;
  return null;
}
