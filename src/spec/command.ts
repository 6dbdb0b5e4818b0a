import type { CheckedEnv } from './checked.js';
import { readArray, wrongType, wrongValue } from './field.js';
import { refuseUnwritable } from './scalar.js';

/** MAX_ARG_STRLEN of execve(2): one argument or one `NAME=value`, with its NUL. */
export const longestArgument = 131_072;

/** What execve(2) takes at most for all strings and the pointers to them (three quarters of _STK_LIM). */
export const argumentSpace = 6 * 2 ** 20;

const pointerBytes = 8;

/** 3 of UTF-8, and the pointer of what is empty. */
const mostBytesPerUnit = 3 + pointerBytes;

const expectedCommand = 'a non-empty array of strings: the program and its arguments';

/** Program and arguments. */
export function parseCommand(value: unknown, field: string): readonly string[] {
  const elements = readArray(value, field, expectedCommand);
  if (elements.length === 0) throw wrongValue(field, expectedCommand, value, 'an empty one');
  return elements.map((element, index) => {
    const name = `${field}[${index}]`;
    if (typeof element !== 'string') throw wrongType(name, 'a string', element);
    if (index === 0 && element === '') throw wrongValue(name, 'a program', element);
    refuseUnwritable(element, name);
    refuseLongArgument(element, name);
    return element;
  });
}

/** Refuses an argument or `NAME=value` that execve(2) would answer with E2BIG whatever the limits are. */
export function refuseLongArgument(text: string, field: string): void {
  // A UTF-16 unit is at most 3 bytes of UTF-8: short strings need no counting.
  if (text.length * 3 < longestArgument) return;
  const bytes = Buffer.byteLength(text);
  if (bytes < longestArgument) return;
  const expected = `at most ${longestArgument - 1} bytes`;
  throw wrongValue(field, expected, text, String(bytes));
}

/**
 * Refuses arguments and environment that are too long together. The kernel may take less: a quarter of the soft limit
 * `stack`, which is 2 MiB where that is 8 MiB.
 */
export function refuseLongCommand(command: readonly string[], env: CheckedEnv, field: string): void {
  // As above: what cannot be too long need not be counted.
  let units = command.length + 2 * env.length;
  for (const argument of command) units += argument.length;
  for (const [name, value] of env) units += name.length + value.length;
  if (units * mostBytesPerUnit <= argumentSpace) return;
  let bytes = (command.length + env.length) * pointerBytes;
  for (const argument of command) bytes += Buffer.byteLength(argument) + 1;
  for (const [name, value] of env) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  if (bytes <= argumentSpace) return;
  const expected = `at most ${argumentSpace} bytes of arguments and environment`;
  throw wrongValue(field, expected, command, String(bytes));
}
