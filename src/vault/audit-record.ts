import { createHash } from 'node:crypto';

/** What was done. `begin` is written before anything is touched, the end of it after all is on the disk. */
export interface AuditEntry {
  /** `init`, `put`, `get`, `activate`, `rollback`, `remove`, `collect`, `log`, `keep`; `declare` and `build` of a flake; `room`; and what a courier calls its own. */
  readonly operation: string;
  readonly phase: 'begin' | 'done' | 'failed';
  /** One for all entries of a change. */
  readonly transaction: string;
  /** By which transfer of a courier. */
  readonly transfer?: string;
  readonly reference?: string;
  readonly from?: string;
  readonly to?: string;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly blake3?: string;
  /** SHA-256 of meta.json as it was written. */
  readonly meta?: string;
  /** Of a failure. */
  readonly code?: string;
  readonly message?: string;
  /** Finished or undone by whoever came after a process that was killed. */
  readonly recovered?: true;
}

/** One line of the audit log. */
export interface AuditRecord extends AuditEntry {
  readonly v: 1;
  /** 1, 2, 3, …: the order; the clock is not trusted with it. */
  readonly seq: number;
  /** ISO 8601. */
  readonly time: string;
  readonly actor: { readonly uid: number; readonly pid: number };
  /** SHA-256 of the line before, without its newline; 64 zeros in the first. */
  readonly prev: string;
}

export const firstHead = '0'.repeat(64);

const longestMessage = 1000;

/** The line of an entry that follows `head`. Pure but for the time and the process. */
export function recordLine(entry: AuditEntry, seq: number, prev: string): string {
  const { message, ...rest } = entry;
  const record: AuditRecord = {
    v: 1,
    seq,
    time: new Date().toISOString(),
    ...rest,
    ...(message === undefined ? {} : { message: message.slice(0, longestMessage) }),
    actor: { uid: process.geteuid?.() ?? -1, pid: process.pid },
    prev,
  };
  return JSON.stringify(record);
}

export function hashOfLine(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

/** Null: the line is no record. */
export function parseRecord(line: string): AuditRecord | null {
  try {
    const record = JSON.parse(line) as Partial<AuditRecord> | null;
    const good =
      typeof record === 'object' &&
      record?.v === 1 &&
      Number.isSafeInteger(record.seq) &&
      typeof record.prev === 'string' &&
      typeof record.operation === 'string' &&
      typeof record.phase === 'string' &&
      typeof record.transaction === 'string';
    return good ? (record as AuditRecord) : null;
  } catch {
    return null;
  }
}
