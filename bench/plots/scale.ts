/** From values to places on an axis, 0 to 1, and where its marks are. */
export interface Scale {
  place(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/** From 0 to the next round number above `most`. */
export function linear(most: number): Scale {
  const step = roundStep(most / 5);
  const end = Math.max(step, Math.ceil(most / step) * step);
  const count = Math.round(end / step);
  return {
    place: (value) => value / end,
    ticks: Array.from({ length: count + 1 }, (_, index) => tick(index * step)),
  };
}

/** Times in microseconds, from the mark below the least to the mark above the most; marks at 1, 2 and 5 of each power of ten. */
export function logarithmicTime(least: number, most: number): Scale {
  const powers = Array.from({ length: 10 }, (_, power) => 10 ** power);
  const marks = powers.flatMap((power) => [power, 2 * power, 5 * power]);
  const from = marks.findLast((mark) => mark <= least) ?? 1;
  const to = marks.find((mark) => mark >= most && mark > from) ?? 1e10;
  const decades = Math.log10(to / from);
  return {
    place: (value) => Math.log10(value / from) / decades,
    ticks: marks
      .filter((value) => value >= from && value <= to)
      .map((value) => ({ value, label: decades <= 4 || isPowerOfTen(value) ? timeLabel(value) : '' })),
  };
}

function isPowerOfTen(value: number): boolean {
  return Number.isInteger(Math.log10(value));
}

/** `200 µs`, `5 ms`, `1 s`. */
function timeLabel(microseconds: number): string {
  if (microseconds < 1000) return `${microseconds} µs`;
  return microseconds < 1e6 ? `${microseconds / 1000} ms` : `${microseconds / 1e6} s`;
}

/** Names side by side; the value of each is its index. */
export function categories(names: readonly string[]): Scale {
  return {
    place: (index) => (index + 0.5) / names.length,
    ticks: names.map((label, value) => ({ value, label })),
  };
}

function tick(value: number): { value: number; label: string } {
  return { value, label: Number(value.toPrecision(6)).toLocaleString('en-US') };
}

/** 1, 2 or 5 times a power of ten, at least `wanted`. */
function roundStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted > 0 ? wanted : 1));
  return ([1, 2, 5].find((factor) => factor * power >= wanted) ?? 10) * power;
}
