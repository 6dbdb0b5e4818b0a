import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** One write to a device, in the order in which they were done. */
export interface RecordedWrite {
  readonly sector: number;
  readonly sectors: number;
  /** All that had ended before it is there to stay. */
  readonly flush: boolean;
  /** It is itself. */
  readonly fua: boolean;
  readonly discard: boolean;
  /** Said by whoever was watched, and no write. */
  readonly mark: string | null;
  /** Where in the record its bytes are. */
  readonly at: number;
}

const magic = 0x6a736677736872n;

/** What dm-log-writes has recorded. https://docs.kernel.org/admin-guide/device-mapper/log-writes.html */
export class WriteRecord {
  readonly #file: number;
  readonly sectorSize: number;
  readonly writes: readonly RecordedWrite[];

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    const head = this.#bytes(0, 28);
    if (head.readBigUInt64LE(0) !== magic) throw new Error(`${path} is no record of writes`);
    const entries = Number(head.readBigUInt64LE(16));
    this.sectorSize = head.readUInt32LE(24);
    this.writes = this.#read(entries);
  }

  /** Does to an image what was done to the device. */
  apply(image: number, { sector, sectors, discard, mark, at }: RecordedWrite): void {
    if (mark !== null || sectors === 0) return;
    const length = sectors * this.sectorSize;
    const bytes = discard ? Buffer.alloc(length) : this.#bytes(at, length);
    writeSync(image, bytes, 0, length, sector * this.sectorSize);
  }

  close(): void {
    closeSync(this.#file);
  }

  #read(entries: number): readonly RecordedWrite[] {
    const writes: RecordedWrite[] = [];
    let at = this.sectorSize;
    for (let count = 0; count < entries; count += 1) {
      const entry = this.#bytes(at, this.sectorSize);
      const [sector, sectors, flags, length] = [0, 8, 16, 24].map((from) =>
        Number(entry.readBigUInt64LE(from)),
      ) as [number, number, number, number];
      const [discard, marked] = [(flags & 4) !== 0, (flags & 8) !== 0];
      at += this.sectorSize;
      writes.push({
        sector,
        sectors,
        flush: (flags & 1) !== 0,
        fua: (flags & 2) !== 0,
        discard,
        mark: marked ? entry.toString('utf8', 32, 32 + length).replace(/\0+$/, '') : null,
        at,
      });
      if (!discard && !marked) at += sectors * this.sectorSize;
    }
    return writes;
  }

  #bytes(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    if (readSync(this.#file, bytes, 0, length, at) !== length) throw new Error('the record is cut off');
    return bytes;
  }
}
