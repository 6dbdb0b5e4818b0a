import { SpecRangeError, SpecTypeError } from '../errors.js';
import { nearest } from './suggestion.js';

/** The field that stands for the whole spec: its children are named without it. */
export const wholeSpec = 'spec';

const longestShown = 60;

/** More than any command line, and the same in native code: an array may claim a length of four thousand million. */
const mostElements = 2 ** 20;

/** The name of a key below a field: `limits.memory`, `env["A B"]`. */
export function child(field: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]{0,63}$/.test(key)) return `${field}[${quote(key)}]`;
  return field === wholeSpec ? key : `${field}.${key}`;
}

/** A value as it appears in a message: short, and never by calling into the value. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
    case 'boolean':
      return String(value);
    case 'undefined':
      return 'nothing';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'an array' : 'an object';
    default:
      return `a ${typeof value}`;
  }
}

/** What kind of value it is, for fields that may hold a secret. */
export function kind(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? `a ${typeof value}`
    : show(value);
}

function quote(text: string): string {
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text);
}

/** The field has the wrong type. `got` is what the message says instead of the value. */
export function wrongType(field: string, expected: string, value: unknown, got = show(value)): SpecTypeError {
  return new SpecTypeError('ERR_ROOM_SPEC_TYPE', field, `expected ${expected}, got ${got}`);
}

/** The type is right and the value is not. `got` is what the message says instead of the value. */
export function wrongValue(
  field: string,
  expected: string,
  value: unknown,
  got = show(value),
): SpecRangeError {
  return new SpecRangeError('ERR_ROOM_SPEC_VALUE', field, `expected ${expected}, got ${got}`);
}

/** Each of two fields would do, both do not. */
export function conflict(field: string, message: string): SpecRangeError {
  return new SpecRangeError('ERR_ROOM_SPEC_CONFLICT', field, message);
}

/** The keys of T, all of them: a key left out or too many does not compile. */
export function keysOf<T>(keys: Readonly<Record<keyof T & string, true>>): readonly (keyof T & string)[] {
  return Object.freeze(Object.keys(keys) as (keyof T & string)[]);
}

/**
 * A copy of a plain object's own properties. Each one is read once, so a getter or a proxy cannot show one value to the
 * check and another to the use. Instances of classes are refused: what they mean may be in their prototype.
 */
export function readObject(value: unknown, field: string): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(field, 'an object', value);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw wrongType(field, 'a plain object', value, 'an object of another class');
  }
  const entries = new Map<string, unknown>();
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol') {
      throw new SpecTypeError('ERR_ROOM_SPEC_UNKNOWN_KEY', field, 'expected names as keys, got a symbol');
    }
    entries.set(key, (value as Record<string, unknown>)[key]);
  }
  return entries;
}

/**
 * The entries under their names, undefined where absent. A key that is there and undefined is refused: `memory:
 * settings.memroy` would otherwise be a room without a limit.
 */
export function pickFields<K extends string>(
  entries: ReadonlyMap<string, unknown>,
  field: string,
  keys: readonly K[],
): { readonly [N in K]: unknown } {
  const fields = Object.create(null) as { [N in K]: unknown };
  const known: readonly string[] = keys;
  for (const [key, value] of entries) {
    if (!known.includes(key)) throw unknownKey(field, key, keys);
    if (value === undefined) {
      throw wrongType(child(field, key), 'a value, or no such key', value, 'undefined');
    }
    fields[key as K] = value;
  }
  return fields;
}

/** An object with no other keys than these. */
export function readFields<K extends string>(
  value: unknown,
  field: string,
  keys: readonly K[],
): { readonly [N in K]: unknown } {
  return pickFields(readObject(value, field), field, keys);
}

/** A copy of an array, each element read once, a hole as undefined. */
export function readArray(value: unknown, field: string, expected = 'an array'): unknown[] {
  if (!Array.isArray(value)) throw wrongType(field, expected, value);
  const elements: unknown[] = [];
  const length = value.length;
  if (length > mostElements)
    throw wrongValue(field, `${expected} of at most ${mostElements} elements`, value, String(length));
  for (let index = 0; index < length; index += 1) {
    elements.push(Object.hasOwn(value, index) ? (value[index] as unknown) : undefined);
  }
  return elements;
}

function unknownKey(field: string, key: string, keys: readonly string[]): SpecTypeError {
  const near = nearest(key, keys);
  const help = near === null ? `the fields are ${keys.join(', ')}` : `did you mean ${near}?`;
  return new SpecTypeError('ERR_ROOM_SPEC_UNKNOWN_KEY', child(field, key), `there is no such field; ${help}`);
}
