import { inflateSync } from 'node:zlib';

/** A picture with 8 bits for each of red, green, blue and perhaps alpha. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `rrggbb` */
  pixel(x: number, y: number): string;
}

const signature = '89504e470d0a1a0a';

/** Reads what browsers write: PNG (ISO/IEC 15948), true colour, not interlaced. */
export function readPng(file: Buffer): Picture {
  if (file.subarray(0, 8).toString('hex') !== signature) throw new Error('not a PNG file');
  const parts: Buffer[] = [];
  let header = Buffer.alloc(0);
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const data = file.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = Buffer.from(data);
    if (type === 'IDAT') parts.push(data);
    at += 12 + length;
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const [depth, colour, , , interlace] = header.subarray(8);
  const bytes = colour === 6 ? 4 : 3;
  if (depth !== 8 || (colour !== 2 && colour !== 6) || interlace !== 0)
    throw new Error(`no reader for depth ${depth}, colour type ${colour}, interlace ${interlace}`);
  const rows = unfilter(inflateSync(Buffer.concat(parts)), width * bytes, height, bytes);
  return { width, height, pixel: (x, y) => rows[y]!.toString('hex', x * bytes, x * bytes + 3) };
}

/** Each row has a number of a filter in front, and is told as a difference to its neighbours (section 9). */
function unfilter(data: Buffer, length: number, height: number, bytes: number): Buffer[] {
  const rows: Buffer[] = [];
  let above = Buffer.alloc(length);
  for (let y = 0; y < height; y++) {
    const start = y * (length + 1);
    const filter = data[start]!;
    const row = Buffer.from(data.subarray(start + 1, start + 1 + length));
    for (let i = 0; i < length; i++) {
      const left = row[i - bytes] ?? 0;
      const guesses = [
        0,
        left,
        above[i]!,
        (left + above[i]!) >> 1,
        nearest(left, above[i]!, above[i - bytes] ?? 0),
      ];
      row[i] = row[i]! + guesses[filter]!;
    }
    rows.push(row);
    above = row;
  }
  return rows;
}

/** The Paeth predictor. */
function nearest(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [left, above, corner].map((each) => Math.abs(guess - each)) as [number, number, number];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}
