import { AND, JUMP, jumps, LOAD, RETURN } from './assembler.js';
import { x8664 } from './compile.js';

/** A syscall as a filter sees it. */
export interface FilteredCall {
  readonly number: number;
  /** Default: x86-64. */
  readonly architecture?: number;
  /** Missing ones are 0. */
  readonly arguments?: readonly bigint[];
}

/** Runs a filter as the kernel would; returns what the filter returns (actions.ts). Knows the instructions that we make. */
export function runFilter(program: Uint8Array, call: FilteredCall): number {
  const instructions = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = seccompData(call);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const code = instructions.getUint16(at, true);
    const k = instructions.getUint32(at + 4, true);
    switch (code) {
      case LOAD:
        accumulator = data.getUint32(k, true);
        break;
      case AND:
        accumulator = (accumulator & k) >>> 0;
        break;
      case JUMP:
        at += 8 * k;
        break;
      case RETURN:
        return k;
      default:
        at += 8 * instructions.getUint8(holds(code, accumulator, k) ? at + 2 : at + 3);
    }
  }
  throw new RangeError('the filter has no end');
}

function holds(code: number, accumulator: number, k: number): boolean {
  switch (code) {
    case jumps.EQ:
      return accumulator === k;
    case jumps.GT:
      return accumulator > k;
    case jumps.GE:
      return accumulator >= k;
    case jumps.ANY:
      return (accumulator & k) !== 0;
    default:
      throw new RangeError(`the filter has an instruction of unknown code 0x${code.toString(16)}`);
  }
}

/** struct seccomp_data. */
function seccompData({ number, architecture = x8664, arguments: given = [] }: FilteredCall): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, architecture, true);
  given.forEach((argument, index) => data.setBigUint64(16 + 8 * index, argument, true));
  return data;
}
