/** One member of a tar, as its header record says it; overrides of extended headers are applied by the reader. */
export interface TarMember {
  /** Bytes as latin-1, so that any name survives. */
  readonly name: string;
  readonly linkName: string;
  /** Bytes of data that follow, before padding to whole records. */
  readonly size: number;
  /** `0` file, `1` hard link, `2` symbolic link, `3` and `4` devices, `5` directory, `6` FIFO; the rest are extensions. */
  readonly type: string;
  /** An old GNU sparse file whose map goes on in the next record. */
  readonly mapFollows: boolean;
}

/** Bytes of a record. */
export const tarRecord = 512;

/**
 * Reads a header record (POSIX.1-2017 pax, section ustar; GNU extensions: tar.h of GNU tar). Null when its checksum is wrong.
 */
export function parseTarHeader(record: Buffer): TarMember | null {
  if (!checksumMatches(record)) return null;
  const size = number(record, 124, 12);
  if (size === null) return null;
  const ustar = record.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = ustar ? text(record, 345, 155) : '';
  const name = text(record, 0, 100);
  const flag = record.toString('latin1', 156, 157);
  // Before ustar a directory was a file whose name ends with a slash.
  const type = flag === '\0' || flag === '7' ? (name.endsWith('/') ? '5' : '0') : flag;
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(record, 157, 100),
    size,
    type,
    mapFollows: type === 'S' && record[482] !== 0,
  };
}

/** The records of a pax extended header: `<length> <key>=<value>\n`, each. Null when they are malformed. */
export function parsePaxRecords(data: Buffer): Map<string, string> | null {
  const records = new Map<string, string>();
  let position = 0;
  while (position < data.length) {
    const space = data.indexOf(0x20, position);
    const length = space < 0 ? NaN : Number(data.toString('latin1', position, space));
    const end = position + length;
    if (!Number.isInteger(length) || end > data.length || end <= space + 1 || data[end - 1] !== 0x0a)
      return null;
    const record = data.toString('latin1', space + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals < 1) return null;
    records.set(record.slice(0, equals), record.slice(equals + 1));
    position = end;
  }
  return records;
}

function checksumMatches(record: Buffer): boolean {
  let sum = 0;
  // The checksum was made while its own eight bytes were blanks.
  for (let i = 0; i < tarRecord; i++) sum += i >= 148 && i < 156 ? 0x20 : (record[i] as number);
  return number(record, 148, 8) === sum;
}

/** Octal digits, or GNU's big-endian binary when the first bit is set. Null for neither. */
function number(record: Buffer, offset: number, length: number): number | null {
  if (((record[offset] as number) & 0x80) !== 0) {
    let value = (record[offset] as number) & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + (record[offset + i] as number);
    return Number.isSafeInteger(value) ? value : null;
  }
  const digits = record
    .toString('latin1', offset, offset + length)
    .replace(/\0.*$/s, '')
    .trim();
  if (!/^[0-7]*$/.test(digits)) return null;
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function text(record: Buffer, offset: number, length: number): string {
  const field = record.toString('latin1', offset, offset + length);
  const end = field.indexOf('\0');
  return end < 0 ? field : field.slice(0, end);
}
