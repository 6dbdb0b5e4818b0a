import { wrongType, wrongValue } from './field.js';

/** A string that the kernel can be given: no NUL byte, and UTF-16 that has a UTF-8 form. */
export function readText(value: unknown, field: string, expected = 'a string'): string {
  if (typeof value !== 'string') throw wrongType(field, expected, value);
  refuseUnwritable(value, field, expected);
  return value;
}

/**
 * Refuses what would not reach the kernel as it was written: C strings end at a NUL, and Node replaces lone surrogates by
 * U+FFFD. The message has the position only, because the text may be a secret.
 */
export function refuseUnwritable(text: string, field: string, expected = 'a string'): void {
  const nul = text.indexOf('\0');
  if (nul !== -1) {
    throw wrongValue(field, `${expected} without NUL bytes`, text, `one at position ${nul}`);
  }
  if (text.isWellFormed()) return;
  // With the flag u a pair is one code point, so this finds lone ones only.
  const surrogate = text.search(/\p{Surrogate}/u);
  if (surrogate !== -1) {
    throw wrongValue(
      field,
      `${expected} of well-formed Unicode`,
      text,
      `a lone surrogate at position ${surrogate}`,
    );
  }
}

/** A whole number in a range, both ends included. */
export function readInteger(value: unknown, field: string, least: number, most: number): number {
  const expected = `a whole number from ${least} to ${most}`;
  if (typeof value !== 'number') throw wrongType(field, expected, value);
  if (!Number.isSafeInteger(value) || value < least || value > most) throw wrongValue(field, expected, value);
  // Makes 0 of -0.
  return value + 0;
}

/** A number in a range, both ends included. */
export function readNumber(value: unknown, field: string, least: number, most: number): number {
  const expected = `a number from ${least} to ${most}`;
  if (typeof value !== 'number') throw wrongType(field, expected, value);
  // Written so that NaN is refused too.
  if (!(value >= least && value <= most)) throw wrongValue(field, expected, value);
  return value + 0;
}

/** true or false; `absent` where there is nothing. */
export function readFlag(value: unknown, field: string, absent: boolean): boolean {
  if (value === undefined) return absent;
  if (typeof value !== 'boolean') throw wrongType(field, 'true or false', value);
  return value;
}

/** One of a few words; `absent` where there is nothing. */
export function readWord<W extends string>(value: unknown, field: string, words: readonly W[], absent: W): W {
  if (value === undefined) return absent;
  const expected = words.map((word) => `"${word}"`).join(' or ');
  if (typeof value !== 'string') throw wrongType(field, expected, value);
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw wrongValue(field, expected, value);
  return word;
}
