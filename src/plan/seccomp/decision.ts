import type { ArgumentCondition } from './policy.js';

/** A place in struct seccomp_data, 32 bits wide: all that a filter can see. */
export interface Word {
  readonly offset: number;
  readonly mask: number;
}

export const numberWord: Word = { offset: 0, mask: 0xffffffff };
export const architectureWord: Word = { offset: 4, mask: 0xffffffff };

/** ANY: at least one of the bits is set. */
export type WordTest = 'EQ' | 'GT' | 'GE' | 'ANY';

export interface Test {
  readonly kind: 'test';
  readonly id: number;
  readonly word: Word;
  readonly test: WordTest;
  readonly value: number;
  readonly then: Decision;
  readonly otherwise: Decision;
}

/** A directed graph without cycles that ends in actions. */
export type Decision = Test | { readonly kind: 'action'; readonly id: number; readonly action: number };

/**
 * Makes decisions and keeps equal ones the same object: that is what lets syscalls with the same rules be one range, and
 * programs share their tails.
 */
export class Decisions {
  private readonly known = new Map<string, Decision>();

  action(action: number): Decision {
    return this.once(`${action}`, (id) => ({ kind: 'action', id, action }));
  }

  test(word: Word, test: WordTest, value: number, then: Decision, otherwise: Decision): Decision {
    if (then === otherwise) return then;
    const key = `${word.offset},${word.mask},${test},${value},${then.id},${otherwise.id}`;
    return this.once(key, (id) => ({ kind: 'test', id, word, test, value, then, otherwise }));
  }

  /** All of the conditions hold? */
  all(conditions: readonly ArgumentCondition[], then: Decision, otherwise: Decision): Decision {
    return conditions.reduceRight((rest, condition) => this.condition(condition, rest, otherwise), then);
  }

  private condition(condition: ArgumentCondition, then: Decision, otherwise: Decision): Decision {
    switch (condition.comparison) {
      case 'EQ':
        return this.equal(condition, then, otherwise);
      case 'NE':
        return this.equal(condition, otherwise, then);
      case 'GE':
        return this.above(condition, 'GE', then, otherwise);
      case 'GT':
        return this.above(condition, 'GT', then, otherwise);
      case 'LT':
        return this.above(condition, 'GE', otherwise, then);
      case 'LE':
        return this.above(condition, 'GT', otherwise, then);
    }
  }

  private equal(condition: ArgumentCondition, then: Decision, otherwise: Decision): Decision {
    const { high, low } = halves(condition);
    return this.equalWord(high, this.equalWord(low, then, otherwise), otherwise);
  }

  private equalWord({ word, value }: Half, then: Decision, otherwise: Decision): Decision {
    if ((value & ~word.mask) !== 0) return otherwise;
    if (word.mask === 0) return then;
    const whole = { offset: word.offset, mask: 0xffffffff };
    // JSET masks and compares in one instruction.
    if (value === 0 && word.mask !== 0xffffffff) return this.test(whole, 'ANY', word.mask, otherwise, then);
    if (value === word.mask && (value & (value - 1)) === 0)
      return this.test(whole, 'ANY', value, then, otherwise);
    return this.test(word, 'EQ', value, then, otherwise);
  }

  private above(
    condition: ArgumentCondition,
    test: 'GE' | 'GT',
    then: Decision,
    otherwise: Decision,
  ): Decision {
    const { high, low } = halves(condition);
    const rest =
      low.word.mask === 0
        ? test === 'GE' && low.value === 0
          ? then
          : otherwise
        : this.test(low.word, test, low.value, then, otherwise);
    if (high.word.mask === 0) return high.value === 0 ? rest : otherwise;
    const notAbove = high.value === 0 ? rest : this.test(high.word, 'EQ', high.value, rest, otherwise);
    return this.test(high.word, 'GT', high.value, then, notAbove);
  }

  private once(key: string, make: (id: number) => Decision): Decision {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const made = make(this.known.size);
    this.known.set(key, made);
    return made;
  }
}

interface Half {
  readonly word: Word;
  readonly value: number;
}

/** The filter's machine is 32 bits wide; x86 stores the low half first. */
function halves({ argument, value, mask }: ArgumentCondition): { high: Half; low: Half } {
  const offset = 16 + 8 * argument;
  return {
    low: { word: { offset, mask: Number(mask & 0xffffffffn) }, value: Number(value & 0xffffffffn) },
    high: { word: { offset: offset + 4, mask: Number(mask >> 32n) }, value: Number(value >> 32n) },
  };
}
