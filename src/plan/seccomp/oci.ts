import { RoomError } from '../../errors.js';
import type { CheckedArgument, CheckedProfile, CheckedRule } from '../../spec/seccomp.js';
import {
  ALLOW,
  errnoNumbers,
  failWith,
  KILL_PROCESS,
  KILL_THREAD,
  letsThrough,
  LOG,
  NO_SUCH_SYSCALL,
  TRAP,
} from './actions.js';
import { architecturesOf, inScope } from './oci-scope.js';
import type { Surroundings } from './oci-scope.js';
import { allBits } from './policy.js';
import type { ArgumentCondition, Comparison, FilterPolicy, SyscallRule } from './policy.js';
import { newestSyscall, syscallNumbers } from './syscalls-x64.js';

const place = 'seccomp.profile';

const actions = new Map([
  ['SCMP_ACT_ALLOW', ALLOW],
  ['SCMP_ACT_LOG', LOG],
  ['SCMP_ACT_TRAP', TRAP],
  ['SCMP_ACT_KILL', KILL_THREAD],
  ['SCMP_ACT_KILL_THREAD', KILL_THREAD],
  ['SCMP_ACT_KILL_PROCESS', KILL_PROCESS],
]);

const unsupportedActions = new Map([
  ['SCMP_ACT_TRACE', 'a room has no tracer, so the call would fail with ENOSYS'],
  ['SCMP_ACT_NOTIFY', 'a room has no listener that would answer'],
]);

const comparisons = new Map<string, Comparison>([
  ['SCMP_CMP_EQ', 'EQ'],
  ['SCMP_CMP_NE', 'NE'],
  ['SCMP_CMP_LT', 'LT'],
  ['SCMP_CMP_LE', 'LE'],
  ['SCMP_CMP_GE', 'GE'],
  ['SCMP_CMP_GT', 'GT'],
]);

// The filter is installed before there is a second thread, and without asking for the mitigation of speculative stores.
const flagsWithoutEffect = new Set(['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW']);

export interface OciPolicy {
  readonly policy: FilterPolicy;
  /** Names of rules in force that no syscall of x86-64 has, or none known here: their rules have no effect. */
  readonly ignoredNames: readonly string[];
}

/**
 * Reads a profile as runc and Docker do. The one difference: where several rules name a syscall, the first that matches
 * decides; libseccomp lets a rule without conditions override those with conditions.
 */
export function ociPolicy(profile: CheckedProfile, surroundings: Surroundings): OciPolicy {
  const architectures = architecturesOf(profile);
  if (architectures !== null && !architectures.includes('SCMP_ARCH_X86_64')) {
    throw refusal(
      'architectures',
      `has to include SCMP_ARCH_X86_64, got ${architectures.join(', ') || 'none'}`,
    );
  }
  profile.flags.forEach((flag, index) => {
    if (!flagsWithoutEffect.has(flag)) throw refusal(`flags[${index}]`, `${flag} is not supported`);
  });

  const otherwise = readAction(
    profile.defaultAction,
    profile.defaultErrno,
    'defaultAction',
    'defaultErrnoRet',
  );
  const rules: SyscallRule[] = [];
  const ignoredNames = new Set<string>();
  profile.syscalls.forEach((rule, index) => {
    // Rules out of scope are read too: whether a profile is valid does not depend on the room.
    const read = readRule(rule, `syscalls[${index}]`);
    if (!inScope(rule, surroundings)) return;
    for (const name of rule.names) {
      const number = numberOf(name);
      if (number === null) ignoredNames.add(name);
      else rules.push(...read.alternatives.map((when) => ({ number, when, action: read.action })));
    }
  });
  return {
    policy: { rules, otherwise, newest: newestOf(rules, otherwise) },
    ignoredNames: [...ignoredNames],
  };
}

/**
 * As runc: a profile that denies by default says nothing about syscalls newer than itself. These are ENOSYS, so that C
 * libraries fall back; with EPERM they would give up.
 */
function newestOf(rules: readonly SyscallRule[], otherwise: number): number {
  if (letsThrough(otherwise) || otherwise === NO_SUCH_SYSCALL || rules.length === 0) return newestSyscall;
  return rules.reduce((newest, { number }) => Math.max(newest, number), 0);
}

function readRule(
  rule: CheckedRule,
  at: string,
): { readonly action: number; readonly alternatives: readonly (readonly ArgumentCondition[])[] } {
  const action = readAction(rule.action, rule.errno, `${at}.action`, `${at}.errnoRet`);
  const conditions = rule.args.map((argument, index) => readCondition(argument, `${at}.args[${index}]`));
  // As runc: conditions on different arguments have to hold together, with several on one argument any of all is enough.
  const distinct = new Set(conditions.map(({ argument }) => argument)).size;
  return {
    action,
    alternatives: distinct === conditions.length ? [conditions] : conditions.map((one) => [one]),
  };
}

function readAction(name: string, errno: number | null, at: string, errnoAt: string): number {
  if (name === 'SCMP_ACT_ERRNO') return failWith(errno ?? errnoNumbers.EPERM);
  const unsupported = unsupportedActions.get(name);
  if (unsupported !== undefined) throw refusal(at, `${name} is not supported: ${unsupported}`);
  const action = actions.get(name);
  if (action === undefined) throw refusal(at, `there is no action '${name}'`);
  if (errno !== null) throw refusal(errnoAt, `${name} returns no error`);
  return action;
}

function readCondition({ index, value, valueTwo, op }: CheckedArgument, at: string): ArgumentCondition {
  if (op === 'SCMP_CMP_MASKED_EQ') {
    return { argument: index, comparison: 'EQ', value: BigInt(valueTwo), mask: BigInt(value) };
  }
  const comparison = comparisons.get(op);
  if (comparison === undefined) throw refusal(`${at}.op`, `there is no operator '${op}'`);
  return { argument: index, comparison, value: BigInt(value), mask: allBits };
}

function numberOf(name: string): number | null {
  return Object.hasOwn(syscallNumbers, name) ? syscallNumbers[name as keyof typeof syscallNumbers] : null;
}

function refusal(at: string, why: string): RoomError {
  return new RoomError('ERR_ROOM_SECCOMP_PROFILE', `${place}.${at}: ${why}.`);
}
