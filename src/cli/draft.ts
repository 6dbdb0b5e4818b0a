/**
 * A spec in the making, from a file and from options. Nothing is checked here: what has the wrong shape stays as it is,
 * so that the library refuses it by name. Remembers which option a field came from.
 */
export class Draft {
  readonly spec: Record<string, unknown>;
  readonly #sources = new Map<string, string>();

  constructor(base: Readonly<Record<string, unknown>>) {
    this.spec = { ...base };
  }

  /** Field name → the option it came from, e.g. `limits.memory` → `--memory`. */
  get sources(): ReadonlyMap<string, string> {
    return this.#sources;
  }

  set(field: string, value: unknown, source: string): void {
    this.spec[field] = value;
    this.#sources.set(field, source);
  }

  /** Sets one key of an object, e.g. `limits.memory`. */
  setIn(field: string, key: string, value: unknown, source: string): void {
    const there = this.#get(field) ?? {};
    if (!isRecord(there)) return;
    this.spec[field] = { ...there, [key]: value };
    this.#sources.set(`${field}.${key}`, source);
  }

  /** Adds an element to an array; it takes the place of an element with the same `key`. */
  add(field: string, value: unknown, source: string, key?: string): void {
    const { list, index } = placed(this.#get(field), value, key);
    if (list === null) return;
    this.spec[field] = list;
    this.#sources.set(`${field}[${index}]`, source);
  }

  /** The same for an array inside of an object, e.g. `limits.io`. */
  addIn(field: string, list: string, value: unknown, source: string, key?: string): void {
    const there = this.#get(field) ?? {};
    if (!isRecord(there)) return;
    const next = placed(Object.hasOwn(there, list) ? there[list] : undefined, value, key);
    if (next.list === null) return;
    this.spec[field] = { ...there, [list]: next.list };
    this.#sources.set(`${field}.${list}[${next.index}]`, source);
  }

  #get(field: string): unknown {
    return Object.hasOwn(this.spec, field) ? this.spec[field] : undefined;
  }
}

/** A copy of the array with the element in it, and where. */
function placed(
  there: unknown,
  value: unknown,
  key: string | undefined,
): { list: readonly unknown[]; index: number } | { list: null; index: -1 } {
  const list: unknown = there ?? [];
  if (!Array.isArray(list)) return { list: null, index: -1 };
  const same = key === undefined ? -1 : list.findIndex((element) => sameKey(element, value, key));
  const index = same < 0 ? list.length : same;
  const copy: unknown[] = [...(list as unknown[])];
  copy[index] = value;
  return { list: copy, index };
}

function sameKey(left: unknown, right: unknown, key: string): boolean {
  return isRecord(left) && isRecord(right) && left[key] === right[key];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
