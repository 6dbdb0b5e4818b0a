import test from 'ava';
import {
  type Instruction,
  auditArchitectures,
  buildFilter,
  encodeFilter,
} from '../../bench/workshop/filter.js';
import { deniedSyscalls, parseSyscallNumbers } from '../../bench/workshop/syscalls.js';

const x64 = auditArchitectures['x64'] ?? 0;
const allow = 0x7fff0000;
const eperm = 0x00050001;
const kill = 0x80000000;

/** The few instructions of classic BPF that the filter uses. */
function run(program: readonly Instruction[], architecture: number, number: number): number {
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const instruction = program[at];
    if (instruction === undefined) throw new Error(`ran off the program at ${at}`);
    const [code, jumpTrue, jumpFalse, operand] = instruction;
    if (code === 0x20) accumulator = operand === 0 ? number : architecture;
    else if (code === 0x15) at += accumulator === operand ? jumpTrue : jumpFalse;
    else if (code === 0x35) at += accumulator >= operand ? jumpTrue : jumpFalse;
    else if (code === 0x06) return operand;
    else throw new Error(`unknown instruction ${code}`);
  }
}

const sets: Record<string, number[]> = {
  nothing: [],
  first: [0],
  'one stretch': [5, 6, 7],
  scattered: [0, 2, 4, 101, 165, 166, 425, 443],
  'every second': Array.from({ length: 60 }, (_, index) => index * 2),
};

for (const [name, denied] of Object.entries(sets)) {
  test(`denies exactly what it should: ${name}`, (t) => {
    const program = buildFilter(x64, denied);
    for (let number = 0; number < 600; number++) {
      t.is(run(program, x64, number), denied.includes(number) ? eperm : allow, `system call ${number}`);
    }
  });
}

test('denies the x32 numbers and kills another architecture', (t) => {
  const program = buildFilter(x64, [101]);
  t.is(run(program, x64, 0x40000000), eperm);
  t.is(run(program, x64, 0x40000001), eperm);
  t.is(run(program, 0x40000003, 1), kill);
});

test('shares its returns: one instruction per boundary between stretches', (t) => {
  t.is(buildFilter(x64, [10, 11, 12, 40]).length, 4 + 4 + 1 + 2);
});

test('refuses a tree that its jumps cannot span', (t) => {
  const manyStretches = Array.from({ length: 400 }, (_, index) => index * 2);
  t.throws(() => buildFilter(x64, manyStretches), { instanceOf: RangeError });
});

test('encodes struct sock_filter', (t) => {
  const bytes = encodeFilter([[0x35, 2, 3, 0xc000003e]]);
  t.deepEqual([...bytes], [0x35, 0, 2, 3, 0x3e, 0, 0, 0xc0]);
});

test('finds numbers among the macros of the compiler', (t) => {
  const macros =
    '#define __NR_mount 165\n#define SYS_mount __NR_mount\n#define __NR_mount_setattr 442\n#define X 1\n';
  t.deepEqual(parseSyscallNumbers(macros, ['mount', 'uselib']), new Map([['mount', 165]]));
});

test('names every denied system call once', (t) => {
  t.is(new Set(deniedSyscalls).size, deniedSyscalls.length);
});
