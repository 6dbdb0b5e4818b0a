import { RoomError } from '../../errors.js';
import type { WordTest } from './decision.js';

/** BPF_MAXINSNS: the kernel takes no longer program. */
const mostInstructions = 4096;

/** Jumps are 8 bits wide, but for the unconditional one. */
const longestJump = 255;

export const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
export const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
export const JUMP = 0x05; // BPF_JMP | BPF_JA
export const RETURN = 0x06; // BPF_RET | BPF_K
export const jumps = { EQ: 0x15, GT: 0x25, GE: 0x35, ANY: 0x45 } as const satisfies Record<WordTest, number>;

/** An instruction, counted from the end of the program: that number stays when more is put in front of it. */
export type Position = number;

interface Instruction {
  readonly code: number;
  readonly onTrue: number;
  readonly onFalse: number;
  readonly k: number;
}

/**
 * Puts a program together from its end, so that whatever an instruction jumps to exists already. An instruction that exists
 * with the same successors is not made again.
 */
export class Assembler {
  private readonly reversed: Instruction[] = [];
  private readonly known = new Map<string, Position>();
  /** The last `JA` made for a far target. */
  private readonly bridges = new Map<Position, Position>();

  get length(): number {
    return this.reversed.length;
  }

  return(value: number): Position {
    return this.once(`return ${value}`, () => this.put(RETURN, value));
  }

  load(offset: number, next: Position): Position {
    return this.once(`load ${offset} ${next}`, () => this.putBefore(next, LOAD, offset));
  }

  and(mask: number, next: Position): Position {
    return this.once(`and ${mask} ${next}`, () => this.putBefore(next, AND, mask));
  }

  jump(test: WordTest, value: number, then: Position, otherwise: Position): Position {
    return this.once(`jump ${test} ${value} ${then} ${otherwise}`, () => {
      // Reaching `otherwise` may take one instruction, which moves the jump away from `then` by one.
      const onTrue = this.within(then, longestJump - 1);
      const onFalse = this.within(otherwise, longestJump);
      const at = this.reversed.length;
      return this.put(jumps[test], value, at - onTrue - 1, at - onFalse - 1);
    });
  }

  /** The program that begins at `entry`: an array of struct sock_filter. */
  program(entry: Position): Uint8Array {
    this.follow(entry);
    const program = new Uint8Array(this.reversed.length * 8);
    const view = new DataView(program.buffer);
    this.reversed.reverse().forEach(({ code, onTrue, onFalse, k }, index) => {
      view.setUint16(index * 8, code, true);
      view.setUint8(index * 8 + 2, onTrue);
      view.setUint8(index * 8 + 3, onFalse);
      view.setUint32(index * 8 + 4, k, true);
    });
    return program;
  }

  private once(key: string, make: () => Position): Position {
    let position = this.known.get(key);
    if (position === undefined) {
      position = make();
      this.known.set(key, position);
    }
    return position;
  }

  private putBefore(next: Position, code: number, k: number): Position {
    this.follow(next);
    return this.put(code, k);
  }

  /** Makes the next instruction put be followed by the one at `next`. */
  private follow(next: Position): void {
    if (next !== this.reversed.length - 1) this.put(JUMP, this.reversed.length - next - 1);
  }

  /** `target`, or something as good that a jump of this length reaches. */
  private within(target: Position, distance: number): Position {
    const reaches = (position: Position): boolean => this.reversed.length - position - 1 <= distance;
    if (reaches(target)) return target;
    const bridge = this.bridges.get(target);
    if (bridge !== undefined && reaches(bridge)) return bridge;
    const instruction = this.reversed[target];
    // A return costs no more than a jump to it.
    const made =
      instruction?.code === RETURN
        ? this.put(RETURN, instruction.k)
        : this.put(JUMP, this.reversed.length - target - 1);
    this.bridges.set(target, made);
    return made;
  }

  private put(code: number, k: number, onTrue = 0, onFalse = 0): Position {
    if (this.reversed.length === mostInstructions) {
      throw new RoomError(
        'ERR_ROOM_SECCOMP_PROFILE',
        `The profile needs more than ${mostInstructions} instructions.`,
        {
          hint: 'Fewer conditions, or rules that share theirs, make a shorter program.',
        },
      );
    }
    return this.reversed.push({ code, onTrue, onFalse, k }) - 1;
  }
}
