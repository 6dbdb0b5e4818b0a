import { wrongValue } from './field.js';
import { readText } from './scalar.js';

/** PATH_MAX counts the NUL at the end. */
const longestPath = 4095;
/** NAME_MAX. */
const longestName = 255;

/** A path as the kernel takes it: not empty and not too long. Kept as it was written. */
export function readPath(value: unknown, field: string, expected: string): string {
  const path = readText(value, field, expected);
  if (path === '') throw wrongValue(field, expected, path);
  refuseLong(path, field);
  return path;
}

/** An absolute path on the host. `..` is left to the kernel: without following links nobody knows where it leads. */
export function readHostPath(value: unknown, field: string): string {
  const expected = 'an absolute path on the host';
  const path = readPath(value, field, expected);
  if (!path.startsWith('/')) throw wrongValue(field, expected, path);
  return path;
}

/**
 * An absolute path in the room, normalized: no `.`, no doubled slash, none at the end. `..` is refused, because the
 * text says something else than the kernel does as soon as there is a link on the way.
 */
export function readRoomPath(value: unknown, field: string): string {
  const expected = 'an absolute path in the room';
  const path = readPath(value, field, expected);
  if (!path.startsWith('/')) throw wrongValue(field, expected, path);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw wrongValue(field, `${expected} without ".."`, path);
  return `/${names.join('/')}`;
}

/** Is `path` the directory itself or below it? Both normalized. */
export function isWithin(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

function refuseLong(path: string, field: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > longestPath) {
    throw wrongValue(field, `a path of at most ${longestPath} bytes`, path, String(bytes));
  }
  for (const name of path.split('/')) {
    // A UTF-16 unit is at most 3 bytes of UTF-8: short names need no counting.
    if (name.length * 3 > longestName && Buffer.byteLength(name) > longestName) {
      throw wrongValue(field, `names of at most ${longestName} bytes in a path`, name);
    }
  }
}
