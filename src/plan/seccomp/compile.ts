import { RoomError } from '../../errors.js';
import { KILL_PROCESS, NO_SUCH_SYSCALL } from './actions.js';
import { Assembler } from './assembler.js';
import type { Position } from './assembler.js';
import { architectureWord, Decisions } from './decision.js';
import type { Decision, Word } from './decision.js';
import type { FilterPolicy, SyscallRule } from './policy.js';
import { rangeTree } from './ranges.js';
import type { Range } from './ranges.js';
import { newestSyscall, syscallNumbers } from './syscalls-x64.js';

/** AUDIT_ARCH_X86_64. x32 has the same, and bit 30 of the number set. */
export const x8664 = 0xc000003e;

const largestNumber = 0xffffffff;

/** Every condition is one instruction at least, and a chain of them is as deep as it is long. */
const mostConditions = 4096;

/** A filter as the kernel takes it. The bytes are shared by all who ask for the same filter: do not write to them. */
export interface FilterProgram {
  /** struct sock_filter, 8 bytes each. */
  readonly program: Uint8Array;
  readonly instructions: number;
}

/**
 * Compiles a policy to classic BPF. Calls of another architecture kill the process: their numbers mean other syscalls, so
 * no rule applies to them.
 */
export function compilePolicy(policy: FilterPolicy): FilterProgram {
  const decisions = new Decisions();
  const tree = rangeTree(ranges(policy, decisions), decisions);
  const root = decisions.test(architectureWord, 'EQ', x8664, tree, decisions.action(KILL_PROCESS));
  const assembler = new Assembler();
  const program = assembler.program(emit(root, assembler));
  return Object.freeze({ program, instructions: program.length / 8 });
}

function ranges(policy: FilterPolicy, decisions: Decisions): Range[] {
  const named = new Set<number>(Object.values(syscallNumbers));
  const rules = new Map<number, SyscallRule[]>();
  for (const rule of policy.rules) {
    const others = rules.get(rule.number);
    if (others === undefined) rules.set(rule.number, [rule]);
    else others.push(rule);
  }

  const merged: Range[] = [];
  const append = (first: number, last: number, decision: Decision, weight: number): void => {
    const before = merged.at(-1);
    if (before?.decision === decision) {
      merged.splice(-1, 1, { ...before, last, weight: before.weight + weight });
    } else {
      merged.push({ first, last, decision, weight });
    }
  };
  const unknown = decisions.action(NO_SUCH_SYSCALL);
  for (let number = 0; number <= newestSyscall; number++) {
    const known = named.has(number) && number <= policy.newest;
    const decision = known ? decide(rules.get(number) ?? [], policy.otherwise, decisions) : unknown;
    // The kernel answers for what is always allowed without running the filter: conditions are what is run often.
    append(number, number, decision, decision.kind === 'test' ? 20 : 1);
  }
  append(newestSyscall + 1, largestNumber, unknown, 1);
  return merged;
}

function decide(rules: readonly SyscallRule[], otherwise: number, decisions: Decisions): Decision {
  const conditions = rules.reduce((sum, { when }) => sum + when.length, 0);
  if (conditions > mostConditions) {
    throw new RoomError('ERR_ROOM_SECCOMP_PROFILE', `A syscall has more than ${mostConditions} conditions.`);
  }
  return rules.reduceRight(
    (rest, { when, action }) => decisions.all(when, decisions.action(action), rest),
    decisions.action(otherwise),
  );
}

/** Leaves out loads of what the accumulator holds already, so a decision has code per word that may be held on the way in. */
function emit(root: Decision, assembler: Assembler): Position {
  const made = new Map<string, Position>();
  const place = (decision: Decision, held: Word | null): Position => {
    if (decision.kind === 'action') return assembler.return(decision.action);
    const { word, test, value } = decision;
    const holds = held?.offset === word.offset && held.mask === word.mask;
    const key = `${decision.id} ${holds}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const otherwise = place(decision.otherwise, word);
    const then = place(decision.then, word);
    let position = assembler.jump(test, value, then, otherwise);
    if (!holds) {
      if (word.mask !== 0xffffffff) position = assembler.and(word.mask, position);
      position = assembler.load(word.offset, position);
    }
    made.set(key, position);
    return position;
  };
  return place(root, null);
}
