import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RoomError } from '../errors.js';
import {
  firstHead,
  hashOfLine,
  parseRecord,
  recordLine,
  type AuditEntry,
  type AuditRecord,
} from './audit-record.js';
import { replaceFile, syncDirectory, writeNew } from './durable.js';
import { attempt, isErrno } from './system-error.js';

/** Whether the chain of the log holds. */
export interface LogVerification {
  readonly ok: boolean;
  readonly records: number;
  /** SHA-256 of the last line: published elsewhere, it pins all of the history. */
  readonly head: string;
  /** Where it does not hold. */
  readonly problems: readonly { readonly file: string; readonly line: number; readonly problem: string }[];
}

const currentName = 'audit.jsonl';
/** Then the file is put aside, and the next begins with its head. */
const longestFile = 16 * 2 ** 20;
/** More than a line can have. */
const tailBytes = 64 * 1024;

/**
 * The audit log: lines of JSON, each with the hash of the one before, on the disk before what they announce is done. Whoever
 * appends holds the vault's lock.
 */
export class AuditLog {
  constructor(readonly directory: string) {}

  get #current(): string {
    return join(this.directory, currentName);
  }

  /** The first line, in place of what is there. Half-way it is in `aside`. */
  async begin(entry: AuditEntry, aside: string): Promise<void> {
    await attempt('vault.log', this.#current, async () => {
      await replaceFile(this.#current, `${recordLine(entry, 1, firstHead)}\n`, 0o644, aside);
    });
  }

  /** Resolves when it is on the disk. Throws ERR_VAULT_LOG where the last line is not one of ours: nothing is added to a lie. */
  async append(entry: AuditEntry): Promise<void> {
    await attempt('vault.log', this.#current, async () => {
      const last = await this.#last();
      await this.#rotateIfLong(last.seq);
      const made = !(await this.#exists());
      const handle = await open(this.#current, 'a', 0o644);
      try {
        await handle.appendFile(`${recordLine(entry, last.seq + 1, last.head)}\n`);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      if (made) await syncDirectory(this.directory);
    });
  }

  /**
   * Puts aside what a power cut left of a last line. Returns the name of the file it is in, or null: there was nothing.
   */
  async mendTail(): Promise<string | null> {
    return attempt('vault.log', this.#current, async () => {
      const handle = await openIfThere(this.#current, 'r+');
      if (handle === null) return null;
      try {
        const { tail, start } = await tailOf(handle);
        if (tail.length === 0 || tail.at(-1) === newline) return null;
        const at = tail.lastIndexOf(newline) + 1;
        const name = `torn-${Date.now()}-${process.pid}`;
        await writeNew(join(this.directory, name), tail.subarray(at), 0o644);
        await syncDirectory(this.directory);
        await handle.truncate(start + at);
        await handle.sync();
        return name;
      } finally {
        await handle.close();
      }
    });
  }

  /** Puts all of it aside and begins anew; returns where the old one is. For a log that cannot be mended. */
  async restart(entry: AuditEntry, aside: string): Promise<string> {
    return attempt('vault.log', this.#current, async () => {
      const before = join(this.directory, `before-${Date.now()}-${process.pid}`);
      await mkdir(before);
      for (const file of await this.#files()) await rename(join(this.directory, file), join(before, file));
      await syncDirectory(before);
      await this.begin(entry, aside);
      return before;
    });
  }

  /** All records, oldest first; lines that are none are left out (verify() names them). */
  async *read(): AsyncGenerator<AuditRecord> {
    for await (const { line } of this.#lines()) {
      const record = parseRecord(line);
      if (record !== null) yield record;
    }
  }

  async verify(): Promise<LogVerification> {
    const problems: { file: string; line: number; problem: string }[] = [];
    let head = firstHead;
    let records = 0;
    let broken = false;
    for await (const { file, number, line } of this.#lines()) {
      const record = parseRecord(line);
      const say = (problem: string): unknown => problems.push({ file, line: number, problem });
      if (record === null) say('no record of this log');
      // After an edited line one complaint is enough: the numbers go on.
      else if (record.prev !== head && !broken)
        say(`record ${record.seq}: the line before it is not the one that was there`);
      else if (record.seq !== records + 1) say(`record ${record.seq} where ${records + 1} was expected`);
      broken = record === null;
      records = record?.seq ?? records + 1;
      head = hashOfLine(line);
    }
    if (records === 0) problems.push({ file: currentName, line: 0, problem: 'the log is empty or gone' });
    return { ok: problems.length === 0, records, head, problems };
  }

  async *#lines(): AsyncGenerator<{ file: string; number: number; line: string }> {
    for (const file of await this.#files()) {
      let number = 0;
      const input = createReadStream(join(this.directory, file), 'utf8');
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        number += 1;
        if (line !== '') yield { file, number, line };
      }
    }
  }

  /** Those put aside, by number, and the current one. */
  async #files(): Promise<string[]> {
    const names = await readdir(this.directory);
    const old = names.filter((name) => /^audit-\d{12}\.jsonl$/.test(name)).sort();
    return names.includes(currentName) ? [...old, currentName] : old;
  }

  async #last(): Promise<{ seq: number; head: string }> {
    const file = (await this.#files()).at(-1);
    const handle = file === undefined ? null : await openIfThere(join(this.directory, file), 'r');
    if (file === undefined || handle === null) throw this.#damaged('it is gone');
    try {
      const { tail } = await tailOf(handle);
      const whole = tail.at(-1) === newline;
      const line = whole ? tail.subarray(tail.lastIndexOf(newline, -2) + 1, -1).toString('utf8') : '';
      const record = parseRecord(line);
      if (record === null) throw this.#damaged(`the last line of ${file} is no record`);
      return { seq: record.seq, head: hashOfLine(line) };
    } finally {
      await handle.close();
    }
  }

  async #rotateIfLong(seq: number): Promise<void> {
    const handle = await openIfThere(this.#current, 'r');
    if (handle === null) return;
    const { size } = await handle.stat().finally(() => handle.close());
    if (size < longestFile) return;
    await rename(this.#current, join(this.directory, `audit-${String(seq).padStart(12, '0')}.jsonl`));
    await syncDirectory(this.directory);
  }

  async #exists(): Promise<boolean> {
    const handle = await openIfThere(this.#current, 'r');
    await handle?.close();
    return handle !== null;
  }

  #damaged(why: string): RoomError {
    return new RoomError('ERR_VAULT_LOG', `the audit log is damaged, so nothing is changed: ${why}`, {
      path: this.#current,
      hint: '`anchor vault log --verify` says where; bring it back from a copy, or move the file away and run `anchor vault log --restart`.',
    });
  }
}

async function openIfThere(path: string, flags: 'r' | 'r+'): Promise<FileHandle | null> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

const newline = 10;

async function tailOf(handle: FileHandle): Promise<{ tail: Buffer; start: number }> {
  const { size } = await handle.stat();
  const start = Math.max(0, size - tailBytes);
  const buffer = Buffer.alloc(size - start);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
  return { tail: buffer.subarray(0, bytesRead), start };
}
