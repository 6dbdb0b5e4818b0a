import { wrongType, wrongValue } from './field.js';

/** Milliseconds as a whole number, or a string such as `'500ms'`, `'30s'`, `'10min'`, `'2h'`, `'1d'`. */
export type Duration = number | string;

const units = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const form = /^(0|[1-9][0-9]{0,12})(ms|s|min|h|d)$/;

const expectedForm = 'milliseconds as a whole number, or a string such as "30s" (ms, s, min, h, d)';

/** 2^31 seconds, which is 68 years: what fits every clock and timer on the way, and nobody waits for. */
export const longestDuration = 2 ** 31 * 1000;

/** Milliseconds, at least 1. */
export function parseDuration(value: unknown, field: string): number {
  if (typeof value !== 'number' && typeof value !== 'string') throw wrongType(field, expectedForm, value);
  const milliseconds = typeof value === 'number' ? value : millisecondsOf(value);
  if (milliseconds === null || Number.isNaN(milliseconds)) throw wrongValue(field, expectedForm, value);
  if (milliseconds < 1) throw wrongValue(field, 'at least 1 ms', value);
  if (milliseconds > longestDuration) throw wrongValue(field, 'at most 2147483648 s (2^31)', value);
  if (!Number.isInteger(milliseconds)) throw wrongValue(field, expectedForm, value);
  return milliseconds;
}

function millisecondsOf(text: string): number | null {
  const [, digits, unit] = form.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return null;
  return Number(digits) * units[unit as keyof typeof units];
}
