/**
 * A seccomp filter that denies some system calls with EPERM, as the kernel wants it: an array of struct sock_filter.
 *
 * Loading a filter is a visible part of a room: the kernel compiles every instruction and runs the filter for every
 * system call number beforehand. So the filter is a search tree over ranges of numbers with shared returns, 54 µs for
 * 58 numbers where a chain of comparisons takes 137, and every lane gets this same one.
 */

/** One instruction: code, offsets of the next one when the comparison holds and when not, operand. */
export type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, operand: number];

const loadWord = 0x20;
const jumpIfEqual = 0x15;
const jumpIfNotBelow = 0x35;
const giveBack = 0x06;

const killProcess = 0x80000000;
const allow = 0x7fff0000;
const failWithEperm = 0x00050001;

const offsetOfNumber = 0;
const offsetOfArchitecture = 4;
/** Numbers with this bit are system calls of the x32 ABI, which no lane needs. */
const x32Bit = 0x40000000;

/** AUDIT_ARCH_* of the machines the bench knows. */
export const auditArchitectures: Readonly<Record<string, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };

interface Range {
  readonly from: number;
  readonly denied: boolean;
}

/** Builds the filter for one architecture; throws RangeError when the tree is too big for 8-bit jumps. */
export function buildFilter(architecture: number, denied: Iterable<number>): Instruction[] {
  const ranges = toRanges(denied);
  const program: Instruction[] = [
    [loadWord, 0, 0, offsetOfArchitecture],
    [jumpIfEqual, 1, 0, architecture],
    [giveBack, 0, 0, killProcess],
    [loadWord, 0, 0, offsetOfNumber],
  ];
  const allowAt = program.length + ranges.length - 1;
  const denyAt = allowAt + 1;
  emit(0, ranges.length - 1);
  program.push([giveBack, 0, 0, allow], [giveBack, 0, 0, failWithEperm]);
  return program;

  /** Emits the tree for ranges first..last (at least two) and returns its place. */
  function emit(first: number, last: number): number {
    const at = program.length;
    const middle = heaviestSplit(ranges, first, last);
    program.push([jumpIfNotBelow, 0, 0, 0]);
    const below = middle - 1 === first ? leaf(first) : emit(first, middle - 1);
    const above = middle === last ? leaf(last) : emit(middle, last);
    program[at] = [jumpIfNotBelow, offset(at, above), offset(at, below), rangeAt(ranges, middle).from];
    return at;
  }
  function leaf(index: number): number {
    return rangeAt(ranges, index).denied ? denyAt : allowAt;
  }
}

/** The bytes the kernel reads: little-endian struct sock_filter { u16 code; u8 jt, jf; u32 k; }. */
export function encodeFilter(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, jumpTrue, jumpFalse, operand], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpTrue, index * 8 + 2);
    bytes.writeUInt8(jumpFalse, index * 8 + 3);
    bytes.writeUInt32LE(operand, index * 8 + 4);
  });
  return bytes;
}

/** Alternating allowed and denied stretches of numbers; the last one are the denied numbers of x32. */
function toRanges(denied: Iterable<number>): Range[] {
  const numbers = new Set(denied);
  const ranges: Range[] = [{ from: 0, denied: numbers.has(0) }];
  const end = Math.max(0, ...numbers) + 1;
  for (let number = 1; number <= end; number++) {
    if (numbers.has(number) !== numbers.has(number - 1))
      ranges.push({ from: number, denied: numbers.has(number) });
  }
  ranges.push({ from: x32Bit, denied: true });
  return ranges;
}

/** The boundary that halves the numbers: the kernel walks the tree once for every one of them. */
function heaviestSplit(ranges: readonly Range[], first: number, last: number): number {
  const knownNumbers = 480;
  const end = Math.min(ranges[last + 1]?.from ?? knownNumbers, knownNumbers);
  const middle = (rangeAt(ranges, first).from + end) / 2;
  let best = first + 1;
  for (let index = first + 1; index <= last; index++) {
    if (distance(index) < distance(best)) best = index;
  }
  return best;

  function distance(index: number): number {
    return Math.abs(Math.min(rangeAt(ranges, index).from, knownNumbers) - middle);
  }
}

function offset(from: number, to: number): number {
  const distance = to - from - 1;
  if (distance > 255) throw new RangeError('the filter is too long for its jumps');
  return distance;
}

function rangeAt(ranges: readonly Range[], index: number): Range {
  const range = ranges[index];
  if (range === undefined) throw new RangeError(`no range ${index}`);
  return range;
}
