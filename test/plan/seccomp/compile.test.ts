import test from 'ava';
import {
  ALLOW,
  describeAction,
  failWith,
  KILL_PROCESS,
  KILL_THREAD,
  LOG,
  TRAP,
} from '../../../src/plan/seccomp/actions.js';
import { compilePolicy } from '../../../src/plan/seccomp/compile.js';
import { allBits, anyBits, int } from '../../../src/plan/seccomp/policy.js';
import type { ArgumentCondition, FilterPolicy, SyscallRule } from '../../../src/plan/seccomp/policy.js';
import { runFilter } from '../../../src/plan/seccomp/run.js';
import { newestSyscall, syscallNumbers } from '../../../src/plan/seccomp/syscalls-x64.js';
import { RoomError } from '../../../src/errors.js';
import { edges, evaluatePolicy, holds } from './naive.js';

const numbers: readonly number[] = Object.values(syscallNumbers);
const comparisons = ['EQ', 'NE', 'LT', 'LE', 'GE', 'GT'] as const;

const policyOf = (rules: readonly SyscallRule[], otherwise = ALLOW): FilterPolicy => ({
  rules,
  otherwise,
  newest: newestSyscall,
});

/** A generator with a seed: a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('every comparison, at the edges of both halves', (t) => {
  const values = [
    0n, 1n, 2n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_fffen, 0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0001n, 0x5_0000_0005n,
    0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0xffff_ffff_0000_0000n, 0xffff_ffff_ffff_fffen, allBits,
  ]; // prettier-ignore
  const masks = [
    allBits, 0n, 0xffff_ffffn, 0xffff_ffff_0000_0000n, 1n, 0x8000_0000n, 0x8000_0000_0000_0000n, 0x7e02_0000n,
    0xff00_0000_00ffn, 0x1_0000_0001n,
  ]; // prettier-ignore
  for (const comparison of comparisons) {
    for (const value of values) {
      for (const mask of masks) {
        const condition: ArgumentCondition = { argument: 3, comparison, value, mask };
        const { program } = compilePolicy(policyOf([{ number: 1, when: [condition], action: TRAP }]));
        for (const actual of [...values, ...edges([condition], 3)]) {
          const given = [0n, 0n, 0n, actual];
          const expected = holds(condition, given) ? TRAP : ALLOW;
          if (runFilter(program, { number: 1, arguments: given }) !== expected) {
            t.fail(`${actual} & ${mask} ${comparison} ${value}`);
          }
        }
      }
    }
  }
  t.pass();
});

test('every argument has its place', (t) => {
  for (let argument = 0; argument < 6; argument++) {
    const { program } = compilePolicy(
      policyOf([
        {
          number: 1,
          when: [{ argument, comparison: 'EQ', value: 0x1_0000_0002n, mask: allBits }],
          action: TRAP,
        },
      ]),
    );
    for (let other = 0; other < 6; other++) {
      const given = Array.from({ length: 6 }, (_, index) => (index === other ? 0x1_0000_0002n : 0n));
      t.is(runFilter(program, { number: 1, arguments: given }), other === argument ? TRAP : ALLOW);
    }
  }
});

test('every action comes back as it went in', (t) => {
  for (const action of [
    ALLOW,
    LOG,
    TRAP,
    KILL_THREAD,
    KILL_PROCESS,
    failWith(0),
    failWith(38),
    failWith(4095),
  ]) {
    const { program } = compilePolicy(policyOf([{ number: 5, when: [], action }], failWith(1)));
    t.is(runFilter(program, { number: 5 }), action, describeAction(action));
    t.is(runFilter(program, { number: 4 }), failWith(1));
    const inverse = compilePolicy(policyOf([{ number: 5, when: [], action: failWith(1) }], action));
    t.is(runFilter(inverse.program, { number: 5 }), failWith(1));
    t.is(runFilter(inverse.program, { number: 4 }), action);
  }
});

test('the first rule that matches decides', (t) => {
  const { program } = compilePolicy(
    policyOf([
      { number: 16, when: [int(1, 'EQ', 0x5412)], action: failWith(1) },
      { number: 16, when: [int(1, 'GE', 0x5000), int(1, 'LT', 0x6000)], action: LOG },
      { number: 16, when: [], action: TRAP },
      { number: 16, when: [], action: KILL_PROCESS },
    ]),
  );
  const answer = (request: bigint): number => runFilter(program, { number: 16, arguments: [0n, request] });
  t.is(answer(0x5412n), failWith(1));
  t.is(answer(0x5413n), LOG);
  t.is(answer(0x6000n), TRAP);
  t.is(answer(0x4fffn), TRAP);
});

test('an allow list of 400 numbers needs far jumps when its errors are many', (t) => {
  const rules = Array.from({ length: 400 }, (_, number) => number)
    .filter((number) => numbers.includes(number))
    .map((number) => ({
      number,
      when: [int(0, 'EQ', number), anyBits(1, 6n)],
      action: failWith(number + 1),
    }));
  const policy = policyOf(rules, KILL_PROCESS);
  const { program, instructions } = compilePolicy(policy);
  t.true(instructions > 1000, `${instructions}`);
  for (let number = 0; number <= 600; number++) {
    for (const first of [0n, BigInt(number), BigInt(number) | (1n << 32n)]) {
      for (const second of [0n, 2n, 9n]) {
        const given = [first, second];
        t.is(runFilter(program, { number, arguments: given }), evaluatePolicy(policy, number, given));
      }
    }
  }
});

test('an allow list of 400 numbers with one action is a short program', (t) => {
  const allowed = numbers.filter((_, index) => index % 8 !== 0);
  const policy = policyOf(
    allowed.map((number) => ({ number, when: [], action: ALLOW })),
    failWith(1),
  );
  const { program, instructions } = compilePolicy(policy);
  t.true(instructions < 70, `${instructions}`);
  for (let number = 0; number <= 600; number++) {
    t.is(runFilter(program, { number }), evaluatePolicy(policy, number, []));
  }
});

test('random policies decide as their rules do', (t) => {
  const next = random(20);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const words = [0n, 1n, 7n, 0xffff_ffffn, 0x1_0000_0000n, 0x8000_0000_0000_0000n, allBits];
  for (let round = 0; round < 60; round++) {
    const rules = Array.from({ length: Math.floor(next() * 500) }, () => ({
      number: pick(numbers),
      when: Array.from({ length: Math.floor(next() * 3) }, () => ({
        argument: Math.floor(next() * 6),
        comparison: pick(comparisons),
        value: pick(words),
        mask: pick([allBits, allBits, ...words]),
      })),
      action: pick([
        ALLOW,
        LOG,
        TRAP,
        KILL_THREAD,
        failWith(1),
        failWith(38),
        failWith(Math.floor(next() * 100)),
      ]),
    }));
    const policy = {
      ...policyOf(rules, pick([ALLOW, KILL_PROCESS, failWith(1)])),
      newest: pick([469, 450, 334]),
    };
    const { program } = compilePolicy(policy);
    for (let call = 0; call < 1000; call++) {
      const number = next() < 0.9 ? pick(numbers) : Math.floor(next() * 600);
      const given = Array.from({ length: 6 }, () => pick(words));
      if (runFilter(program, { number, arguments: given }) !== evaluatePolicy(policy, number, given)) {
        t.fail(`round ${round}: ${number} ${given.join()}`);
      }
    }
  }
  t.pass();
});

test('syscalls with the same rules share them', (t) => {
  const one = policyOf([{ number: 41, when: [int(0, 'EQ', 1)], action: TRAP }]);
  const two = policyOf([...one.rules, { number: 53, when: [int(0, 'EQ', 1)], action: TRAP }]);
  t.is(compilePolicy(two).instructions, compilePolicy(one).instructions + 1);
});

test('a word that is loaded is not loaded again', (t) => {
  const when = [1, 2, 10, 16].map((family) => int(0, 'NE', family));
  const base = compilePolicy(policyOf([{ number: 41, when: [int(0, 'NE', 1)], action: TRAP }])).instructions;
  t.is(compilePolicy(policyOf([{ number: 41, when, action: TRAP }])).instructions, base + 3);
});

test('a program of more than 4096 instructions is refused', (t) => {
  const rules = numbers.flatMap((number) =>
    Array.from({ length: 12 }, (_, index) => ({
      number,
      when: [int(0, 'EQ', number * 12 + index)],
      action: TRAP,
    })),
  );
  const error = t.throws(() => compilePolicy(policyOf(rules)), {
    instanceOf: RoomError,
    message: /4096 instructions/,
  });
  t.is(error.code, 'ERR_ROOM_SECCOMP_PROFILE');
});

test('so is a syscall with very many conditions, before anything recurses that deep', (t) => {
  const rules = Array.from({ length: 100_000 }, (_, value) => ({
    number: 1,
    when: [int(0, 'EQ', value)],
    action: TRAP,
  }));
  t.throws(() => compilePolicy(policyOf(rules)), { instanceOf: RoomError, message: /4096 conditions/ });
  t.notThrows(() => compilePolicy(policyOf(rules.slice(0, 3000))));
});

test('the program is frozen, jumps inside itself and ends with a return', (t) => {
  const filter = compilePolicy(
    policyOf(numbers.map((number) => ({ number, when: [], action: failWith(number) }))),
  );
  t.true(Object.isFrozen(filter));
  const view = new DataView(filter.program.buffer);
  for (let at = 0; at < filter.instructions; at++) {
    const code = view.getUint16(at * 8, true);
    const k = view.getUint32(at * 8 + 4, true);
    const far =
      code === 0x05
        ? k
        : code === 0x20 || code === 0x54 || code === 0x06
          ? 0
          : Math.max(view.getUint8(at * 8 + 2), view.getUint8(at * 8 + 3));
    if (code !== 0x06) t.true(at + 1 + far < filter.instructions);
  }
  t.is(view.getUint16((filter.instructions - 1) * 8, true), 0x06);
});
