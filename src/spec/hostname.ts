import { wrongType, wrongValue } from './field.js';

/** The name of a room that gives itself none. */
export const defaultHostname = 'room';

/** __NEW_UTS_LEN. */
const longestHostname = 64;

const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

const expectedHostname =
  'letters, digits, "-" and "." as RFC 1123 has them, at most 64 (63 between two dots, no "-" at either end)';

/** A host name as RFC 1123 has it, as long as uname(2) can say. */
export function parseHostname(value: unknown, field: string): string {
  if (value === undefined) return defaultHostname;
  if (typeof value !== 'string') throw wrongType(field, expectedHostname, value);
  const good = value.length <= longestHostname && value.split('.').every((part) => label.test(part));
  if (!good) throw wrongValue(field, expectedHostname, value);
  return value;
}
