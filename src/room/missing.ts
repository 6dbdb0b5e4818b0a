/**
 * What an executable needs before its first instruction: the program named in its `#!` line, or the ELF loader
 * (PT_INTERP). execve(2) reports either of them missing as ENOENT, just as if the file itself were.
 */
export type Requirement =
  | { readonly kind: 'interpreter'; readonly path: string }
  | { readonly kind: 'loader'; readonly path: string };

/** As much of a file as has to be read: the kernel's BINPRM_BUF_SIZE for `#!`, and room for ELF program headers. */
export const HEAD_BYTES = 4096;

/** The kernel looks no further for the end of a `#!` line: BINPRM_BUF_SIZE of linux/binfmts.h, since Linux 5.1. */
const SHEBANG_BYTES = 256;

/** Reads the first bytes of a file; null: it needs nothing else, or is no executable at all. */
export function requirementOf(head: Uint8Array): Requirement | null {
  if (head[0] === 0x23 && head[1] === 0x21) return shebang(head);
  if (head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46) return loader(head);
  return null;
}

/** fs/binfmt_script.c: blanks, then the path up to a blank or the end of the line. A CR before the LF is part of it. */
function shebang(head: Uint8Array): Requirement | null {
  const line =
    Buffer.from(head.subarray(2, SHEBANG_BYTES))
      .toString('utf8')
      .split(/[\n\0]/, 1)[0] ?? '';
  const path = line.replace(/^[ \t]+/, '').split(/[ \t]/, 1)[0] ?? '';
  return path === '' ? null : { kind: 'interpreter', path };
}

const PT_INTERP = 3;

/** elf(5): the program header of type PT_INTERP points at a NUL-terminated path. */
function loader(head: Uint8Array): Requirement | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const wide = head[4] === 2;
  const little = head[5] === 1;
  const layout = wide
    ? { table: 32, entrySize: 54, count: 56, offset: 8, size: 32 }
    : { table: 28, entrySize: 42, count: 44, offset: 4, size: 16 };
  try {
    const number = (at: number): number =>
      wide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
    const table = number(layout.table);
    const entrySize = view.getUint16(layout.entrySize, little);
    const count = view.getUint16(layout.count, little);
    for (let index = 0; index < count; index++) {
      const entry = table + index * entrySize;
      if (view.getUint32(entry, little) !== PT_INTERP) continue;
      const start = number(entry + layout.offset);
      const size = number(entry + layout.size);
      if (start + size > head.length) return null;
      const path =
        Buffer.from(head.subarray(start, start + size))
          .toString('utf8')
          .split('\0', 1)[0] ?? '';
      return path === '' ? null : { kind: 'loader', path };
    }
  } catch (error) {
    // A header that points outside of what was read: not ours to judge.
    if (!(error instanceof RangeError)) throw error;
  }
  return null;
}
