/** Plain data: what JSON can say. */

/** More than any spec has: a copy of what claims to have more might fill the memory. */
const mostElements = 10_000;

/** What is no plain data stays as it is: a check accepts none of it. */
export function copyPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > mostElements ? value : Array.from(value, copyPlain);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Reflect.ownKeys(value).map((key) => [key, copyPlain(value[key])]));
}

/** Whether both are the same plain data; `kept` is what copyPlain() gave back. */
export function samePlain(value: unknown, kept: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === kept;
  // It was not copied, and may have changed since.
  if (value === kept) return false;
  if (Array.isArray(value)) {
    if (!Array.isArray(kept) || value.length !== kept.length) return false;
    return kept.every((element, index) => samePlain(value[index], element));
  }
  if (!isPlain(value) || !isPlain(kept)) return false;
  const keys = Reflect.ownKeys(value);
  if (keys.length !== Reflect.ownKeys(kept).length) return false;
  return keys.every((key) => Object.hasOwn(kept, key) && samePlain(value[key], kept[key]));
}

/**
 * What an object has under `key`, where all else in it is the same plain data as in `kept`, a copy of copyPlain(); undefined
 * where it is not, or where it has nothing there.
 */
export function sameBut(value: unknown, kept: Readonly<Record<string, unknown>>, key: string): unknown {
  if (!isPlain(value)) return undefined;
  const keys = Reflect.ownKeys(value);
  if (keys.length !== Object.keys(kept).length) return undefined;
  let other: unknown;
  for (const each of keys) {
    if (each === key) other = value[each];
    else if (!Object.hasOwn(kept, each) || !samePlain(value[each], kept[each as string])) return undefined;
  }
  return other;
}

function isPlain(value: unknown): value is Record<string | symbol, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
