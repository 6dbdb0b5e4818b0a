/** One line of /etc/passwd; see passwd(5). */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** One line of /etc/group; see group(5). */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** 2^32 - 1 means "no change" to setuid(2) and 2^32 - 2 is what some kernels show for unmapped ids: no user has them. */
const lastId = 4_294_967_293;

/**
 * The plank may come from anywhere, so nothing in it is believed: lines of another form are passed over, as libc does,
 * ids are digits within 32 bits (`+0`, `0x0`, ` 0` and 2^32 are not another way to say root), and no more bytes than
 * these are read.
 */
export const passwdLimit = 1024 * 1024;

/** Longer than glibc's own buffer for one entry; a group with that many members belongs to no plank. */
const lineLimit = 64 * 1024;

/** The entries in their order; a name that comes twice means its first line, as with getpwnam(3). */
export function parsePasswd(text: string): PasswdEntry[] {
  const entries: PasswdEntry[] = [];
  for (const [name, , uidText, gidText, , home] of records(text, 7)) {
    const uid = parseId(uidText);
    const gid = parseId(gidText);
    if (name === undefined || uid === null || gid === null) continue;
    entries.push({ name, uid, gid, home: home ?? '' });
  }
  return entries;
}

/** The entries in their order. */
export function parseGroup(text: string): GroupEntry[] {
  const entries: GroupEntry[] = [];
  for (const [name, , gidText, members] of records(text, 4)) {
    const gid = parseId(gidText);
    if (name === undefined || gid === null) continue;
    entries.push({ name, gid, members: (members ?? '').split(',').filter((member) => member !== '') });
  }
  return entries;
}

function* records(text: string, fields: number): Generator<string[]> {
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    if (end - start <= lineLimit) {
      const record = text.slice(start, end).split(':');
      if (record.length === fields && isName(record[0])) yield record;
    }
    start = end + 1;
  }
}

/** `+` and `-` introduce NIS lines, `#` is a comment by custom. */
function isName(name: string | undefined): boolean {
  return name !== undefined && /^[^+\-#\s\0][^\0\s]{0,255}$/.test(name);
}

function parseId(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return null;
  const id = Number(text);
  return id <= lastId ? id : null;
}
