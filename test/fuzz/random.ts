/** A generator that a seed determines (mulberry32), so that whatever was found can be found again. */
export class Random {
  constructor(private state: number) {}

  /** 0 up to, and not including, `limit`. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * limit);
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Bytes with a few of them changed, moved, doubled or cut off. */
  damage(bytes: Buffer): Buffer {
    let out = Buffer.from(bytes);
    for (let times = 1 + this.below(4); times > 0 && out.length > 0; times--) {
      const at = this.below(out.length);
      const length = 1 + this.below(Math.min(16, out.length - at));
      switch (this.below(6)) {
        case 0:
          out[at] = this.below(256);
          break;
        case 1:
          out[at] = (out[at] as number) ^ (1 << this.below(8));
          break;
        case 2:
          out.fill(this.pick([0, 0xff, 0x30, 0x20, 0x7f, 0x80]), at, at + length);
          break;
        case 3:
          out.copy(out, this.below(out.length), at, at + length);
          break;
        case 4:
          if (this.chance(4)) out = out.subarray(0, at);
          break;
        case 5:
          if (this.chance(4)) out = Buffer.concat([out.subarray(0, at), out.subarray(at - (at % 512))]);
          break;
      }
    }
    return out;
  }
}
