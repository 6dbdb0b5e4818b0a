import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One system call that changed a file system, or brought a change to the disk, in the order in which they were done. */
export interface Write {
  readonly call: 'write' | 'make' | 'rename' | 'sync';
  /** What it was done to; of `make` and `rename` the new name. */
  readonly path: string;
  /** Of `rename`. */
  readonly from?: string;
}

const calls =
  'write,pwrite64,ftruncate,fallocate,openat,mkdir,symlink,link,rename,unlink,rmdir,unlinkat,fsync,fdatasync,fchmod';

/** Runs a program under strace and returns what it did below a directory. */
export async function recordWrites(
  words: readonly string[],
  log: string,
  below: string,
): Promise<readonly Write[]> {
  await run('strace', ['-f', '-y', '-qq', '-s', '4096', '-e', `trace=${calls}`, '-o', log, ...words]);
  const begun = new Map<string, string>();
  const writes: Write[] = [];
  for (const line of (await readFile(log, 'utf8')).split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(pid, rest.slice(0, -'<unfinished ...>'.length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const whole = resumed === null ? rest : (begun.get(pid) ?? '') + (resumed[1] ?? '');
    const write = /= -1 E/.test(whole) ? null : parse(whole);
    if (write?.path.startsWith(`${below}/`) === true || write?.path === below) writes.push(write);
  }
  return writes;
}

function parse(line: string): Write | null {
  const [, name = '', words = ''] = /^(\w+)\((.*)$/.exec(line) ?? [];
  const [first = '', second = ''] = [...words.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(
    (match) => match[1] ?? '',
  );
  const file = /^\d+<([^>]*)>/.exec(words)?.[1] ?? '';
  switch (name) {
    case 'write':
    case 'pwrite64':
    case 'ftruncate':
    case 'fchmod':
      return { call: 'write', path: file };
    case 'fsync':
    case 'fdatasync':
      return { call: 'sync', path: file };
    case 'openat':
      // Without O_EXCL it may have been there: locks and the log, which are not what is stored.
      return words.includes('O_EXCL') ? { call: 'make', path: first } : null;
    case 'mkdir':
      return { call: 'make', path: first };
    case 'symlink':
    case 'link':
      return { call: 'make', path: second };
    case 'rename':
      return { call: 'rename', path: second, from: first };
    default:
      return null;
  }
}

/**
 * What a power cut could lose after these writes, on a file system that keeps no promise but those of fsync(2): bytes of files that
 * were not synced since they were written, and names in directories that were not synced since they came there.
 */
export class Volatile {
  readonly #bytes = new Set<string>();
  readonly #names = new Set<string>();

  apply({ call, path, from }: Write): void {
    if (call === 'write') this.#bytes.add(path);
    if (call === 'make') this.#names.add(path);
    if (call === 'rename' && from !== undefined) {
      this.#move(this.#bytes, from, path);
      this.#move(this.#names, from, path);
      this.#names.add(path);
    }
    if (call === 'sync') {
      this.#bytes.delete(path);
      for (const name of this.#names) if (dirname(name) === path) this.#names.delete(name);
    }
  }

  /** What of a file or tree could be lost. */
  below(path: string): readonly string[] {
    const inside = (each: string): boolean => each === path || each.startsWith(`${path}/`);
    return [
      ...[...this.#bytes].filter(inside).map((each) => `bytes of ${each}`),
      ...[...this.#names].filter(inside).map((each) => `name of ${each}`),
    ];
  }

  #move(set: Set<string>, from: string, to: string): void {
    for (const each of [...set]) {
      if (each !== from && !each.startsWith(`${from}/`)) continue;
      set.delete(each);
      set.add(join(to, each.slice(from.length)));
    }
  }
}
