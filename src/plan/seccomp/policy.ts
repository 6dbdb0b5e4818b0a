/** What a filter decides, before it is a program: the default profile and OCI profiles both become one of these. */
export interface FilterPolicy {
  /** Per syscall, the first rule whose conditions all hold decides. */
  readonly rules: readonly SyscallRule[];
  /** For a call that no rule matches. */
  readonly otherwise: number;
  /** Numbers above this one, and numbers without a name, are answered with ENOSYS whatever `otherwise` says. */
  readonly newest: number;
}

export interface SyscallRule {
  readonly number: number;
  readonly when: readonly ArgumentCondition[];
  /** See actions.ts. */
  readonly action: number;
}

export type Comparison = 'EQ' | 'NE' | 'LT' | 'LE' | 'GE' | 'GT';

/** `(argument & mask) <comparison> value`, unsigned, 64 bits. */
export interface ArgumentCondition {
  /** 0 to 5. */
  readonly argument: number;
  readonly comparison: Comparison;
  readonly value: bigint;
  readonly mask: bigint;
}

export const allBits = 0xffff_ffff_ffff_ffffn;

const lowBits = 0xffff_ffffn;

/**
 * Compares an argument that the kernel takes as `int`: only its low 32 bits count. A filter that looks at all 64 is passed by
 * setting a bit that the kernel then ignores (CVE-2019-10063).
 */
export function int(
  argument: number,
  comparison: Comparison,
  value: number,
  mask = 0xffffffff,
): ArgumentCondition {
  return { argument, comparison, value: BigInt(value), mask: BigInt(mask) & lowBits };
}

/** Any of these bits is set, among all 64. */
export function anyBits(argument: number, mask: bigint): ArgumentCondition {
  return { argument, comparison: 'NE', value: 0n, mask };
}
