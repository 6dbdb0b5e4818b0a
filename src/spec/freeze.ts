/**
 * Freezes a tree of plain data and gives it back. Typed arrays stay as they are: they cannot be frozen. What is frozen is
 * taken to be so all the way down: parts that were made once and are used by many rooms are not walked again.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (Array.isArray(value)) for (const part of value) deepFreeze(part);
  else for (const key in value) deepFreeze(value[key]);
  return value;
}
