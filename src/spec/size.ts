import { wrongType, wrongValue } from './field.js';

/** Bytes as a whole number, or a string such as `'512KiB'`, `'64MiB'`, `'8GiB'`, `'100MB'`. */
export type Size = number | string;

const units = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
} as const;

const form = /^(0|[1-9][0-9]{0,15})(B|[KMGT]iB|[kMGT]B)$/;

const expectedForm = `bytes as a whole number, or a string such as "64MiB" (${Object.keys(units).join(', ')})`;

/**
 * Bytes. Units are taken as they are written, because `mb`, `Mb` and `MB` mean different things to different people, and
 * fractions are not taken, because `0.1GB` is no whole number of pages in anybody's mind.
 */
export function parseSize(
  value: unknown,
  field: string,
  least = 0,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number' && typeof value !== 'string') throw wrongType(field, expectedForm, value);
  const bytes = typeof value === 'number' ? value : bytesOf(value);
  if (bytes === null || Number.isNaN(bytes) || (Number.isFinite(bytes) && !Number.isInteger(bytes))) {
    throw wrongValue(field, expectedForm, value);
  }
  if (bytes < least) throw wrongValue(field, `at least ${inWords(least)}`, value);
  // A product beyond 2^53 is rounded, but never down to a safe integer.
  if (bytes > most) throw wrongValue(field, `at most ${inWords(most)}`, value);
  return bytes + 0;
}

function bytesOf(text: string): number | null {
  const [, digits, unit] = form.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return null;
  return Number(digits) * units[unit as keyof typeof units];
}

function inWords(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB'] as const) {
    if (bytes > 0 && bytes % units[unit] === 0) return `${bytes / units[unit]} ${unit}`;
  }
  return `${bytes} bytes`;
}
