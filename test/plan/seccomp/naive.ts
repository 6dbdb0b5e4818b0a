import { errnoNumbers } from '../../../src/plan/seccomp/actions.js';
import type { DenyRow } from '../../../src/plan/seccomp/default-profile.js';
import type { ArgumentCondition, FilterPolicy } from '../../../src/plan/seccomp/policy.js';
import { syscallNumbers } from '../../../src/plan/seccomp/syscalls-x64.js';

/** The meaning of a condition, straight from its definition. */
export function holds(
  { argument, comparison, value, mask }: ArgumentCondition,
  given: readonly bigint[],
): boolean {
  const actual = (given[argument] ?? 0n) & mask;
  switch (comparison) {
    case 'EQ':
      return actual === value;
    case 'NE':
      return actual !== value;
    case 'LT':
      return actual < value;
    case 'LE':
      return actual <= value;
    case 'GE':
      return actual >= value;
    case 'GT':
      return actual > value;
  }
}

const names = new Map<number, string>(Object.entries(syscallNumbers).map(([name, number]) => [number, name]));

export const enosys = 0x50000 | errnoNumbers.ENOSYS;

/** What the rows say, one after the other. */
export function evaluateRows(rows: readonly DenyRow[], number: number, given: readonly bigint[]): number {
  const name = names.get(number);
  if (name === undefined) return enosys;
  for (const row of rows) {
    const applies = (row.names as readonly string[]).includes(name);
    const met = row.when === undefined || row.when.some((all) => all.every((one) => holds(one, given)));
    if (applies && met) return 0x50000 | errnoNumbers[row.errno];
  }
  return 0x7fff0000;
}

/** What a policy says, one rule after the other. */
export function evaluatePolicy(policy: FilterPolicy, number: number, given: readonly bigint[]): number {
  if (!names.has(number) || number > policy.newest) return enosys;
  const rule = policy.rules.find(
    (one) => one.number === number && one.when.every((condition) => holds(condition, given)),
  );
  return rule?.action ?? policy.otherwise;
}

/** Values around everything that the conditions compare with, in both halves of the argument. */
export function edges(conditions: readonly ArgumentCondition[], argument: number): bigint[] {
  const values = new Set([0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 0xffff_ffff_ffff_ffffn]);
  for (const { value, mask } of conditions.filter((condition) => condition.argument === argument)) {
    for (const base of [value, mask, value ^ mask]) {
      for (const near of [
        base - 1n,
        base,
        base + 1n,
        base | (1n << 32n),
        base | (1n << 63n),
        base & 0xffff_ffffn,
      ]) {
        values.add(BigInt.asUintN(64, near));
      }
    }
  }
  return [...values];
}
