/** The last bytes of a stream: a ring, made when there is something to keep, so that no stream fills the memory. */
export class Tail {
  readonly #most: number;
  #ring: Buffer | null = null;
  #total = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes that were pushed in all. */
  get total(): number {
    return this.#total;
  }

  push(chunk: Uint8Array): void {
    const kept = chunk.subarray(Math.max(0, chunk.length - this.#most));
    this.#ring ??= Buffer.allocUnsafe(this.#most);
    const at = (this.#total + chunk.length - kept.length) % this.#most;
    const first = Math.min(kept.length, this.#most - at);
    this.#ring.set(kept.subarray(0, first), at);
    this.#ring.set(kept.subarray(first), 0);
    this.#total += chunk.length;
  }

  /** What is kept, oldest first. A copy. */
  bytes(): Buffer {
    if (this.#ring === null) return Buffer.alloc(0);
    if (this.#total <= this.#most) return Buffer.from(this.#ring.subarray(0, this.#total));
    const at = this.#total % this.#most;
    return Buffer.concat([this.#ring.subarray(at), this.#ring.subarray(0, at)]);
  }
}
