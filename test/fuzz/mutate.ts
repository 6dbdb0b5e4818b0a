import { types } from 'node:util';
import type { Random } from './random.js';

/** What a getter or proxy of ours throws: it may come out of whatever reads it, as it is. */
export class Ambush extends Error {}

/** A copy of plain data in which some places are something else. */
export function mutate(value: unknown, random: Random): unknown {
  let copy = structuredClone(value);
  for (let times = 1 + random.below(3); times > 0; times--) copy = change(copy, random);
  return copy;
}

function change(value: unknown, random: Random): unknown {
  try {
    if (typeof value !== 'object' || value === null || random.chance(12)) return strange(value, random);
    changeInside(value as Record<string, unknown>, random);
  } catch (error) {
    // Frozen, detached, or an ambush laid before.
    if (!(error instanceof TypeError || error instanceof RangeError || error instanceof Ambush)) throw error;
  }
  return value;
}

function changeInside(holder: Record<string, unknown>, random: Random): void {
  const keys = Object.keys(holder);
  const key = keys.length === 0 ? 'more' : random.pick(keys);
  switch (random.below(8)) {
    case 0:
      delete holder[key];
      break;
    case 1: {
      const other = random.pick(['more', '__proto__', 'constructor', '0', 'kind', key]);
      holder[other] = strange(holder[key], random);
      break;
    }
    case 2:
      lieInWait(holder, key, random);
      break;
    default:
      holder[key] = change(holder[key], random);
  }
}

/** A getter in the place of a value. */
function lieInWait(holder: object, key: string, random: Random): void {
  const value: unknown = (holder as Record<string, unknown>)[key];
  const how = random.below(4);
  const other = random.pick(strangers)();
  let reads = 0;
  Object.defineProperty(holder, key, {
    enumerable: true,
    configurable: true,
    get: () => {
      reads++;
      if (how === 0) throw new Ambush('read');
      if (how === 1) return reads % 2 ? value : other;
      if (how === 2) shrink(holder);
      if (how === 3) shrink(value);
      return value;
    },
  });
}

/** Makes arrays and bytes shorter than somebody was told. */
function shrink(value: unknown): void {
  if (Array.isArray(value)) value.length = 0;
  else if (types.isUint8Array(value) && value.byteLength > 0 && value.buffer instanceof ArrayBuffer)
    structuredClone(value.buffer, { transfer: [value.buffer] });
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(Object.getOwnPropertyDescriptors(value)))
      if (Array.isArray(inner.value) || types.isUint8Array(inner.value)) shrink(inner.value);
}

function strange(value: unknown, random: Random): unknown {
  if (typeof value === 'number' && random.chance(2))
    return value + random.pick([-1, 1, 0.5, 2 ** 32, 2 ** 53, -(2 ** 31)]);
  if (typeof value === 'string' && random.chance(2))
    return random.pick([
      `${value}\0x`,
      value.slice(1),
      `${value}/${value}`,
      value.slice(0, 1000).repeat(100),
      `${value}\ud800`,
    ]);
  if (Array.isArray(value) && value.length < 1000 && random.chance(2))
    return random.pick([
      [...(value as unknown[]), ...(value as unknown[])],
      [value],
      Object.assign({}, value),
    ]);
  if (typeof value === 'object' && value !== null && random.chance(2)) return suspicious(value, random);
  return random.pick(strangers)();
}

/** A proxy that does what it stands for, mostly. */
function suspicious(value: object, random: Random): unknown {
  const how = random.below(4);
  return new Proxy(value, {
    ownKeys: (target) => {
      if (how === 0) throw new Ambush('ownKeys');
      return Reflect.ownKeys(target);
    },
    get: (target, key) => {
      if (how === 1) throw new Ambush('get');
      return Reflect.get(target, key) as unknown;
    },
    getOwnPropertyDescriptor: (target, key) => {
      if (how === 2) throw new Ambush('getOwnPropertyDescriptor');
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
    getPrototypeOf: (target) => {
      if (how === 3) throw new Ambush('getPrototypeOf');
      return Reflect.getPrototypeOf(target);
    },
  });
}

const long = 'x'.repeat(100_000);

const strangers: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => NaN,
  () => Infinity,
  () => -0,
  () => -1,
  () => 0.1,
  () => 2 ** 31,
  () => 2 ** 32 - 1,
  () => 2 ** 53,
  () => 1e308,
  () => true,
  () => 10n,
  () => Symbol('strange'),
  () => '',
  () => '\0',
  () => '\ud800',
  () => '__proto__',
  () => long,
  () => [],
  () => new Array(70_000).fill(null),
  () => ({}),
  () => Object.create(null) as unknown,
  () => () => 'function',
  () => new Date(NaN),
  () => new Map([[1, 2]]),
  () => new Proxy([], {}),
  () => new Uint8Array(12),
  () => new Uint8Array(new SharedArrayBuffer(16)),
  () => new Uint32Array(4),
  () => new DataView(new ArrayBuffer(8)),
  () => {
    const gone = new Uint8Array(16);
    shrink(gone);
    return gone;
  },
  () => ({ valueOf: () => 1, toString: () => 'x' }),
  () => ({
    toString: () => {
      throw new Ambush('toString');
    },
    valueOf: () => {
      throw new Ambush('valueOf');
    },
  }),
];
