const sizes = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `64 MiB`, `1.4 GiB`: three digits at most. */
export function bytesInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < sizes.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${shortNumber(value)} ${sizes[unit] ?? ''}`;
}

/** `612 µs`, `1.25 ms`, `3.4 s`. */
export function microsecondsInWords(microseconds: number): string {
  if (microseconds < 1000) return `${shortNumber(microseconds)} µs`;
  if (microseconds < 1e6) return `${shortNumber(microseconds / 1000)} ms`;
  return `${shortNumber(microseconds / 1e6)} s`;
}

const longerUnits = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const;

/** A duration as a spec would have it: `500ms`, `10min`. */
export function durationInWords(milliseconds: number): string {
  for (const [length, unit] of longerUnits) {
    if (milliseconds >= length && milliseconds % length === 0) return `${milliseconds / length}${unit}`;
  }
  return `${milliseconds}ms`;
}

/** Three significant digits, without zeros at the end. */
export function shortNumber(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
